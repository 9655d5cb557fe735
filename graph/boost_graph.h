// A Boost.Graph view of all node types and edge types as one undirected graph, so that Boost's algorithms run on a snapshot
// without copying it. Models VertexListGraph, IncidenceGraph and AdjacencyGraph. Vertices are numbered type after type.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph_view.h"

namespace weft::graph {

// connected_components through boost::connected_components.
struct Components {
  std::vector<std::vector<std::uint32_t>> component_of = {};  // [node type][node]
  std::uint32_t count = 0;
  std::vector<std::uint64_t> sizes = {};                      // [component], nodes
};
Components connected_components(const GraphView& graph);

}  // namespace weft::graph
