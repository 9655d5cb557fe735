// Trains the heterogeneous link model on a snapshot and a split.
//
// Reads [task], [model] and [train] of the configuration. Deterministic: the same setup gives the same losses
// and parameters to the last bit on CPU whatever the number of sampler threads, and a run that was stopped
// and resumed equals one that was not.
//
// The model's folder holds
//   model.safetensors   the best epoch's parameters; its metadata names store, snapshot, split, configuration
//   and inputs last.safetensors    parameters, optimizer state and trainer state after the last finished
//   step: what resuming reads metrics.jsonl       one line a step (step, epoch, loss, lr, gradient norm,
//   seconds) and one a validation
// each replaced atomically (metrics.jsonl is appended to).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/progress.h"
#include "base/toml.h"
#include "gnn/inputs/feature_input.h"
#include "graph/snapshot.h"
#include "graph/split.h"

namespace weft::gnn {

// What keeps answers out of the input. kOffForLeakTests shows the network the supervised events while it
// trains and the held-out ones when it is evaluated: the planted-leak tests prove with it that they would
// notice.
enum class Masking { kOn, kOffForLeakTests };

struct TrainSetup {
  const graph::Snapshot* snapshot = nullptr;  // must outlive the call, as must split and config
  const graph::Split* split = nullptr;        // of the [task] target
  const TomlFile* config = nullptr;           // the resolved project file; kept in the checkpoint
  FeatureInputs features = {};
  // What made the features, by field: kept in the model's description for whoever encodes for it later.
  std::map<std::string, std::string> encoders = {};
  std::filesystem::path folder = {};  // of the model; made if absent
  bool resume = false;  // go on from last.safetensors (an Error if it does not fit); false: start anew
  // Asked after each step with the number of finished steps; true: write last.safetensors and return with
  // finished = false.
  std::function<bool(std::uint64_t)> should_stop = {};
  std::function<void()> on_best = {};  // called after each writing of model.safetensors
  Masking masking = Masking::kOn;
  ProgressSink* progress = nullptr;  // null: none
  Files* files = nullptr;            // null: the system's
};

// A validation: figures by name ("recall@20", "ndcg@20"), over the validation part's users.
struct EpochReport {
  std::int64_t epoch = 0;  // from 1
  double mean_loss = 0;
  double seconds = 0;  // training alone
  double metric = 0;   // the one that picks the best epoch; NaN if this epoch was not validated
};

struct TrainResult {
  bool finished = false;       // false: should_stop stopped it
  bool stopped_early = false;  // patience ran out
  std::uint64_t steps = 0;
  std::int64_t best_epoch = 0;
  double best_metric = 0;
  std::string metric_name = {};  // "ndcg@20"; "loss" (lower is better) where the split has no validation part
  std::vector<EpochReport> epochs = {};  // of the whole run, resumed parts included
  std::vector<double> losses = {};       // [steps], of the whole run
  std::uint64_t supervised_events = 0;   // an epoch
  std::uint64_t parameters = 0;
  std::vector<std::string> inputs =
      {};  // one line per input, as in "item.photo: vectors of 64, 93.1 % present"
  std::filesystem::path folder = {};
};

// Throws what train() would throw for [model], [train] and, with resume, for a last.safetensors that does not
// fit. Needs no features, writes nothing: to be asked before anything is encoded.
void check_setup(const TrainSetup& setup);

// An earlier model.safetensors stays until this training's first best epoch replaces it; an earlier
// last.safetensors goes at once. Throws Error if the setup does not fit together (features of another
// snapshot, an unknown relation, nothing to train on) and, with resume, if last.safetensors belongs to
// another store, snapshot, split or configuration.
TrainResult train(const TrainSetup& setup);

}  // namespace weft::gnn
