// What skip-gram learns from in each step: nodes that walks bring near each other, and nodes drawn at random.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "gnn/skipgram/skipgram.h"
#include "graph/graph_view.h"
#include "sampling/random_walk.h"

namespace weft::gnn {

// One kind of walk: along a path of relations, from every node that has an edge to begin with.
struct WalkSet {
  std::vector<graph::RelationId> path = {};
  std::size_t length = 8;  // steps
  std::size_t walks = 4;   // from each node, an epoch
  bool weighted = false;   // steps by the edges' weights
  double p = 1, q = 1;     // node2vec's (sampling/random_walk.h)
};

struct WalkBatchOptions {
  std::size_t window = 3;     // nodes at most so many steps apart are near each other
  std::size_t negatives = 1;  // drawn a pair, of the near node's type
  double negative_power = 0;  // nodes are drawn in proportion to their edges, to this power; 0: all alike
  std::size_t batch = 256;    // starts a step
  std::uint64_t seed = 1;
  // Two node types of which the first is asked for nodes of the second: a pair of them is learned from with
  // the first as the centre alone. What is drawn beside it competes with the second one then, and never with
  // the first, which would take the second's popularity out of the score.
  std::optional<std::pair<graph::NodeTypeId, graph::NodeTypeId>> one_way = {};
};

// Walks see the edges of the graph that it is given and no others: whoever holds edges back leaves them out
// of that graph. Each pair of nodes within the window is learned from in both directions (but see one_way).
// Pairs depend on seed, epoch and batch alone. A node that is drawn may have an edge to the centre; one that
// is the centre or the near node itself is left out.
class WalkBatches {
 public:
  // The graph behind the view and the pool must outlive it. Throws Error (kUsage) for paths and factors that
  // a walker does not take, and Error if no walk can begin, or there are 2^32 - 1 nodes or more on walks.
  WalkBatches(graph::GraphView graph, std::vector<WalkSet> sets, const WalkBatchOptions& options,
              ThreadPool& pool);
  WalkBatches(const WalkBatches&) = delete;
  WalkBatches& operator=(const WalkBatches&) = delete;

  // The table: one place for each node of a type that walks visit.
  std::size_t places() const { return places_; }
  // The place of a type's first node; nothing for a type that no walk visits.
  std::optional<std::size_t> first_place(graph::NodeTypeId type) const;
  // [nodes of the type]: how many edges of the walks' relations the node has. Of 0 a walk never hears. Of a
  // type that no walk visits it is empty.
  const std::vector<std::uint64_t>& edge_counts(graph::NodeTypeId type) const { return counts_[type]; }

  std::uint64_t starts() const { return starts_.size(); }  // an epoch
  std::uint64_t batches() const { return (starts_.size() + options_.batch - 1) / options_.batch; }
  // Shuffles; epochs count from 0.
  void begin_epoch(std::uint64_t epoch);
  // Of a batch of the epoch begun last. Valid until the next call.
  const SkipGramPairs& pairs(std::uint64_t batch);

 private:
  struct Start {
    std::uint32_t set = 0;
    graph::NodeId node = 0;
  };
  void count_edges(const graph::GraphView& graph);
  void add_pairs(const Start& start, std::uint32_t number, SkipGramPairs& out) const;
  bool is_left_out(graph::NodeTypeId centre, graph::NodeTypeId near) const;
  std::uint32_t draw(graph::NodeTypeId type, std::uint64_t word) const;

  std::vector<WalkSet> sets_;
  WalkBatchOptions options_;
  ThreadPool& pool_;
  std::vector<sampling::RandomWalker> walkers_;     // [sets]
  std::vector<std::vector<std::uint64_t>> counts_;  // [node type][node]
  std::vector<std::vector<std::uint64_t>> noise_;   // [node type][node], running sums of what each weighs
  std::vector<std::optional<std::size_t>> first_;   // [node type]
  std::size_t places_ = 0;
  std::vector<Start> starts_;
  std::vector<std::uint32_t> order_;
  std::uint32_t epoch_ = 0;
  SkipGramPairs pairs_;
};

}  // namespace weft::gnn
