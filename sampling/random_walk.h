// Random walks: along a path of relations (metapath2vec), or over one relation with node2vec's return and
// in-out weights. Picks come from Philox counters, so that a walk depends on seed, step, start and walk
// number alone: never on threads or batches. The neighbours that walks visit: sampling/visited_neighbours.h.
//
// Dong, Chawla, Swami: "metapath2vec" (KDD 2017). Grover, Leskovec: "node2vec" (KDD 2016).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph_view.h"
#include "graph/positive_index.h"
#include "sampling/excluded_events.h"
#include "sampling/live_rows.h"
#include "sampling/picks.h"

namespace weft::sampling {

struct WalkOptions {
  std::uint64_t seed = 0;
  // Step s goes along path[s % path.size()]: the row type of each is the target type of the one before,
  // around the end too.
  std::vector<graph::RelationId> path = {};
  // In proportion to the edges' weights where the relation has them; else every edge alike.
  bool weighted = false;
  // node2vec's p and q: having come from t to v, an edge to x weighs 1 / p if x is t, 1 if t has an edge to
  // x, else 1 / q. Other than 1 only where the path is one relation from a node type to itself.
  double p = 1;
  double q = 1;
  // Chance that a walk ends after a whole round of the path.
  double stop = 0;
};

// Where a neighbour sampler's walks begin, what they may see, and what their draws depend on beside seed,
// step and walk number.
struct WalkStart {
  graph::NodeId node = 0;
  graph::TimeMs before = graph::kEndOfTime;
  const ExcludedEvents* excluded = nullptr;       // null: none. No walk goes along an edge of one
  std::uint32_t tree = 0;                         // whose excluded events
  std::uint32_t relation = 0, hop = 0, root = 0;  // of the draws' counters (sampling/picks.h)
};

// Thread-safe. The graph behind the view must outlive it.
//
// Law of a step: among the row's edges before the bound, in proportion to weight times node2vec weight (a
// multiple of 2^-20 of the largest). A few proposals by weight are accepted or rejected; if all are rejected,
// the row is drawn from exactly: both ways have the same law. Proposals that hit an excluded event are
// rejected too, so that the law over the other edges is as if those were not there.
class RandomWalker {
 public:
  // Throws Error (kUsage) if the path is empty or does not chain, p or q is not within 1/1000 to 1000 or has
  // no meaning on the path, or stop is no chance below 1.
  RandomWalker(graph::GraphView graph, WalkOptions options);
  // On a snapshot and what came after it: the walks that a walker on the compacted snapshot takes.
  RandomWalker(const graph::LiveGraphView& graph, WalkOptions options);

  // Node type of a walk's node number s (0: the start).
  graph::NodeTypeId type_at(std::size_t s) const;
  std::size_t path_length() const { return options_.path.size(); }

  // `walks` walks of `length` steps from each start: nodes [starts, walks, length + 1], the start first,
  // kNoNode after a walk's end (a node without an edge before the bound, or a stop). `before`: empty, or a
  // bound for each start. Step 0 is inference.
  void walk(std::span<const graph::NodeId> starts, std::span<const graph::TimeMs> before, std::uint32_t step,
            std::size_t walks, std::size_t length, std::span<graph::NodeId> nodes) const;
  // Walks from one start, with draws of their own: nodes [length + 1, walks], step after step, kNoNode after
  // a walk's end. Without p and q alone.
  void walk(const WalkStart& start, std::uint32_t step, std::size_t walks, std::size_t length,
            std::span<graph::NodeId> nodes) const;

 private:
  struct Walk;
  struct Step;
  RandomWalker(graph::GraphView graph, std::vector<LiveRelation> live, WalkOptions options);
  void check() const;
  void know_neighbours();
  Step row_of(const Walk& walk, graph::RelationId relation, graph::NodeId node) const;
  // Step s from a node; kNoNode also from kNoNode.
  graph::NodeId next(const Walk& walk, std::size_t s, graph::NodeId from, graph::NodeId previous) const;
  // Whether a walk ends with step s - 1, the last of a round.
  bool stops_before(const Walk& walk, std::size_t s) const;
  std::uint32_t propose(const Step& step, const Walk& walk, std::size_t block,
                        const PhiloxBlock& words) const;
  // Position among the index's pairs; as many as there are if it is none.
  std::size_t pair_at(graph::NodeId row, graph::NodeId target) const;
  std::uint32_t affinity(const Walk& walk, graph::NodeId previous, graph::NodeId to) const;
  graph::NodeId draw_exactly(const Step& step, const Walk& walk, std::size_t s, graph::NodeId previous) const;

  graph::GraphView graph_;          // of a live view: the snapshot's rows, the live node counts
  std::vector<LiveRelation> live_;  // [relation id]; empty: a snapshot alone
  WalkOptions options_;
  bool second_order_ = false;
  std::uint32_t return_ = 0, near_ = 0,
                far_ = 0;   // weights of edges to t, to its neighbours and to others; the largest is 2^20
  std::uint64_t stop_ = 0;  // of 2^32
  graph::PositiveIndex neighbours_;           // of the one relation, for node2vec
  std::vector<graph::TimeMs> earliest_ = {};  // of each of its pairs; empty if the relation has no times
};

}  // namespace weft::sampling
