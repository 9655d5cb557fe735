// The [train] section of the project file: how the network is fitted. docs/project-file.md lists every key.
#pragma once

#include <cstdint>
#include <string>

#include "base/toml.h"
#include "graph/split.h"

namespace weft::gnn {

enum class Batching {
  kAuto,      // kWindow for time splits and "last", kShared otherwise
  kWindow,    // a batch is contiguous in time; all it sees is earlier than its first event; one frontier
  kDisjoint,  // a tree per supervised event, which sees what is earlier than that event
  kShared,    // one frontier without a time bound; the batch's events and repeats of their pairs are hidden
};
enum class LossKind { kSoftmax, kBpr };
enum class CandidateKind { kAuto, kAll, kSampled };
enum class NegativeKind { kUniform, kPopularity };
enum class ScheduleKind { kConstant, kCosine };
enum class OptimizerKind { kAdam, kAdamW };

// Which of the negatives drawn for a supervised event count: the first `easy`, whatever their score, and of
// the others, once the `skip` with the highest scores are left out (the likeliest to be positives that nobody
// has seen yet), the `count` with the highest. count = 0: all.
struct HardNegatives {
  std::int64_t count = 0, skip = 0, easy = 0;
  bool operator==(const HardNegatives&) const = default;
};

struct TrainOptions {
  std::int64_t epochs = 30;
  std::int64_t batch_size = 512;  // supervised events a step
  Batching batching = Batching::kAuto;
  LossKind loss = LossKind::kSoftmax;
  CandidateKind candidates =
      CandidateKind::kAuto;  // softmax: all target nodes, or positives of the batch and drawn negatives
  std::int64_t all_candidates_up_to = 4096;  // kAuto: all target nodes are candidates up to this many of them
  std::int64_t negatives = 4;                // drawn a supervised event
  NegativeKind negative_law = NegativeKind::kUniform;
  double popularity_power = 0.75;
  HardNegatives hard = {};
  bool in_batch = true;  // sampled softmax: other events' positives are candidates too
  bool log_q = true;     // sampled softmax: correct for how often a candidate is proposed
  bool repeats = false;  // later events of a pair are supervised too
  double history = 0.0;  // share of the earliest events that are seen but not supervised
  OptimizerKind optimizer = OptimizerKind::kAdamW;
  double learning_rate = 0.003;
  double weight_decay = 0.01;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  ScheduleKind schedule = ScheduleKind::kCosine;
  double warmup = 0.05;    // share of all steps over which the rate rises from 0
  double clip_norm = 1.0;  // gradients' global norm at most; 0: not clipped
  std::uint64_t seed = 1;
  std::int64_t threads =
      1;  // sampler threads; 0: the trainer samples by itself. Results do not depend on it.
  std::string metric = "ndcg";  // that picks the best epoch: "recall" or "ndcg", at metric_k, on validation
  std::int64_t metric_k = 20;
  std::int64_t validate_every = 1;    // epochs
  std::int64_t patience = 5;          // validations without a better one after which training stops; 0: never
  std::int64_t checkpoint_steps = 0;  // steps between checkpoints within an epoch; 0: at epoch ends alone

  bool operator==(const TrainOptions&) const = default;
};

// Reads [train]; an absent section gives the defaults. Throws Error (kUsage) on unknown keys and values out
// of range.
TrainOptions read_train_options(const TomlSection& root);

// What kAuto means for a split.
Batching resolve_batching(Batching batching, const graph::Split& split);

}  // namespace weft::gnn
