// A shop with power-law degrees for benchmarks: users, items, reviews, media; at scale 1 about 2 M edges.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/csr.h"
#include "graph/graph_view.h"
#include "graph/schema.h"

namespace weft::sampling::benchmarks {

// Owns a graph made of edge lists; the view lives as long.
struct BenchmarkGraph {
  graph::Schema schema = {};
  std::vector<graph::NodeId> node_counts = {};
  std::vector<graph::EdgeList> lists = {};
  std::vector<graph::Csr> csrs = {};

  void build();  // lists -> csrs
  graph::GraphView view() const;
};

// Edge types buys (timed), writes (timed), about (timed), has, also_bought; node types user, item, review,
// media.
BenchmarkGraph make_shop(double scale, std::uint64_t seed);
// The same edges as one symmetric edge type over one id space: every row holds all edges and reverses of its
// node.
BenchmarkGraph make_homogeneous(const BenchmarkGraph& shop);

}  // namespace weft::sampling::benchmarks
