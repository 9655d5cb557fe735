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
// Through boost::connected_components. Throws Error if there are more than 2^32 - 1 nodes.
Components connected_components(const GraphView& graph);

}  // namespace weft::graph
