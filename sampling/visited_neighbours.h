// Neighbours by importance (PinSAGE): instead of a node's edges, the nodes of its type at which the most of
// many short random walks from it are found, and how often.
//
// Ying et al.: "Graph convolutional neural networks for web-scale recommender systems" (KDD 2018).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph_view.h"
#include "graph/live_view.h"
#include "graph/schema.h"
#include "sampling/random_walk.h"

namespace weft::sampling {

// A relation that walks make, as a neighbour sampler follows it beside those of edges: a row's picks are the
// `fan_outs` nodes, other than its own, at which most rounds of its walks end; of equally many the lower ids.
struct WalkRelation {
  std::vector<graph::RelationId> path = {};  // as WalkOptions::path: back to the type that it begins at
  bool weighted = false;                     // steps by the edges' weights, where there are any
  std::uint32_t walks = 0;                   // from each node
  std::uint32_t rounds = 0;                  // of the path, a walk at most
  double stop = 0;  // chance that a walk ends after a round; the next one begins anew at the node
  std::vector<std::uint32_t> fan_outs = {};  // [hop]; 0: the relation is not followed at that hop

  std::size_t length() const { return path.size() * rounds; }
};

// The relation's number in draws and blocks: that of the outgoing relation of an edge type that would follow
// those of the schema, and the types of the walks before it.
graph::RelationId walk_relation_id(const graph::Schema& schema, std::size_t walk);

// The walker of a relation. Throws Error (kUsage) as RandomWalker does, if there are no walks or no rounds,
// if they make 2^24 steps or more, or if the relation has no number below 2^16.
RandomWalker make_walker(const graph::GraphView& graph, const std::vector<WalkRelation>& walks,
                         std::size_t walk, std::uint64_t seed);
RandomWalker make_walker(const graph::LiveGraphView& graph, const std::vector<WalkRelation>& walks,
                         std::size_t walk, std::uint64_t seed);

struct Visited {
  graph::NodeId node = 0;
  std::uint32_t visits = 0;  // rounds that ended there
  bool operator==(const Visited&) const = default;
};

// Buffers of one thread.
class VisitCounts {
 public:
  // The up to `count` most visited nodes, the most visited first. Valid until the next call.
  std::span<const Visited> most_visited(const RandomWalker& walker, const WalkRelation& walks,
                                        const WalkStart& start, std::uint32_t step, std::size_t count);

 private:
  std::vector<graph::NodeId> nodes_ = {};
  std::vector<graph::NodeId> ends_ = {};
  std::vector<Visited> visited_ = {};
};

}  // namespace weft::sampling
