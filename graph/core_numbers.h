// Core numbers: how deep in the graph's dense part each node lies. The k-core is the largest set of nodes
// that each have at least k neighbours within the set; a node's core number is the largest k whose core it is
// in. Batagelj and Zaversnik, "An O(m) Algorithm for Cores Decomposition of Networks" (2003).
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph_view.h"

namespace weft::graph {

// [node type][node]. Over all node types and edge types as one undirected graph; a neighbour counts once
// however many edges lead to it, and a loop not at all (boost::core_numbers counts every edge: a user who
// buys one thing ten times would be in the 10-core). Memory: 16 bytes a node and 8 for each edge of the
// busiest node. Throws Error if there are more than 2^32 - 1 nodes.
std::vector<std::vector<std::uint32_t>> core_numbers(const GraphView& graph);

}  // namespace weft::graph
