// Graph algorithms of Boost.Graph on all node types and edge types as one undirected graph, without copying
// it. graph/boost_adaptor.h holds the adaptor for other algorithms of Boost's.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph_view.h"

namespace weft::graph {

// Components are numbered by their first node, node type after node type.
struct Components {
  std::vector<std::vector<std::uint32_t>> component_of = {};  // [node type][node]
  std::uint32_t count = 0;
  std::vector<std::uint64_t> sizes = {};  // [component], nodes
};
// Through boost::breadth_first_visit: boost::connected_components goes depth first, and its stack takes 120
// bytes a node of the longest way down. Memory: up to 13 bytes a node, and 8 a component. Throws Error if
// there are more than 2^32 - 1 nodes.
Components connected_components(const GraphView& graph);

struct PageRankOptions {
  double damping = 0.85;
  double tolerance = 1e-6;  // stops when the ranks change by less in sum
  std::uint32_t max_iterations = 100;
};
struct PageRank {
  std::vector<std::vector<double>> rank_of = {};  // [node type][node], all together sum to 1
  std::uint32_t iterations = 0;
  double change = 0;  // of the last iteration, in sum
};
// Through boost::graph::page_rank: the share of its time that a random walk spends at each node if it goes on
// along any edge with probability `damping` and else, or where there is no edge, starts anew anywhere. Every
// edge counts, parallel ones too. The order of additions is fixed: the same graph gives the same bits.
// Memory: 24 bytes a node, of which 8 stay.
PageRank page_rank(const GraphView& graph, const PageRankOptions& options = {});

}  // namespace weft::graph
