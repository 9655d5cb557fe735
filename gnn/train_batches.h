// Cuts a split's supervised events into training batches and makes each: neighbourhoods that cannot see the
// answers, negatives, candidates. Batches depend on (seed, step) alone, so any thread may make any of them.
// Without Torch.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "gnn/evaluation/link_task.h"
#include "gnn/model_options.h"
#include "gnn/sampled_nodes.h"
#include "gnn/train_options.h"
#include "gnn/trainer.h"
#include "graph/graph_view.h"
#include "graph/pair_events.h"
#include "graph/snapshot.h"
#include "graph/split.h"
#include "sampling/negative_sampler.h"

namespace weft::gnn {

struct SupervisedEvent {
  graph::NodeId user = 0, item = 0;
  graph::TimeMs time = graph::kNoTime;
  graph::EventId event = graph::kNoEvent;
  graph::EdgeId edge = 0;
};

// Local ids are positions in sampled.graph.nodes of the user's and the item's type. Either `columns` or
// `negatives` is filled.
struct TrainBatch {
  SampledNodes sampled = {};
  std::vector<std::int32_t> users = {};      // [events], local
  std::vector<std::int32_t> positives = {};  // [events], local
  std::vector<std::int32_t> columns =
      {};  // [candidates], local items that every event's positive is compared with
  std::vector<std::int32_t> positive_columns = {};  // [events], position in columns
  std::vector<std::int64_t> masked =
      {};  // event * candidates + column: other known positives of the event's user
  std::size_t negatives_per_event = 0;
  std::vector<std::int32_t> negatives = {};  // [events x negatives_per_event], local; -1: none was left
  // log of how often a candidate is expected to be proposed: [candidates], or [events x (1 +
  // negatives_per_event)], the positive first. Empty: no correction.
  std::vector<float> log_q = {};
};

class TrainBatches {
 public:
  // All must outlive it. Throws Error if there is nothing to supervise, or the batching needs times that the
  // target does not have.
  TrainBatches(const graph::Snapshot& snapshot, const graph::Split& split, const LinkTask& task,
               const ModelOptions& model, const TrainOptions& train, Masking masking);
  TrainBatches(const TrainBatches&) = delete;
  TrainBatches& operator=(const TrainBatches&) = delete;

  std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }
  const std::vector<SupervisedEvent>& events() const { return events_; }
  Batching batching() const { return batching_; }
  const NodeSampler& sampler() const { return *sampler_; }
  // Every target node is a candidate in every batch (where it exists by then).
  bool all_candidates() const { return all_candidates_; }

  // Steps count from 1.
  TrainBatch make(std::uint64_t step, NodeSampler::Scratch& scratch) const;
  // The events of a step, as positions in events().
  std::vector<std::uint32_t> events_of_step(std::uint64_t step) const;

 private:
  using Order = std::vector<std::uint32_t>;
  struct Request;  // what is known of a batch before sampling
  std::shared_ptr<const Order> order_of_epoch(std::uint64_t epoch) const;
  std::pair<std::size_t, std::size_t> window(std::uint64_t epoch, std::uint64_t index) const;
  void collect_events(const graph::Split& split);
  void find_appearances();
  // Events that would give the answers of a batch away: the supervised ones, repeats of their pairs, and what
  // other edges tell of them.
  std::vector<graph::EventId> hidden_events(const std::vector<std::uint32_t>& chosen) const;
  graph::TimeMs negatives_before(const Request& request, std::uint32_t event) const;
  std::vector<graph::NodeId> draw_negatives(const Request& request, std::uint32_t step) const;
  std::vector<graph::NodeId> candidate_items(const Request& request,
                                             const std::vector<graph::NodeId>& negatives) const;
  void fill_columns(const Request& request, const std::vector<graph::NodeId>& items, TrainBatch& batch) const;
  void fill_pair_log_q(const Request& request, const std::vector<graph::NodeId>& negatives,
                       TrainBatch& batch) const;
  TrainBatch make_shared_frontier(const Request& request, std::uint32_t step,
                                  NodeSampler::Scratch& scratch) const;
  TrainBatch make_disjoint(const Request& request, std::uint32_t step, NodeSampler::Scratch& scratch) const;

  const graph::Snapshot& snapshot_;
  const LinkTask& task_;
  TrainOptions train_;
  HidingRates rates_;
  Masking masking_;
  Batching batching_;
  bool all_candidates_ = false;
  bool columns_ = false;           // one list of candidates for all events of a batch
  graph::FilteredGraph filtered_;  // train events
  graph::GraphView graph_;
  std::unique_ptr<NodeSampler> sampler_;
  std::vector<graph::TimeMs> appears_;  // [items], from when on an item is a candidate; kEndOfTime: never
  std::unique_ptr<sampling::NegativeSampler> negative_sampler_;
  std::vector<SupervisedEvent> events_;        // by time, then event id
  std::vector<graph::PairEvent> pair_events_;  // what tells of a supervised link; kShared alone
  std::uint64_t steps_per_epoch_ = 0;
  std::vector<std::uint64_t> supervised_;  // [items], how often an item is a supervised event's
  mutable std::mutex orders_mutex_;
  mutable std::vector<std::pair<std::uint64_t, std::shared_ptr<const Order>>>
      orders_;  // the last few epochs'
};

}  // namespace weft::gnn
