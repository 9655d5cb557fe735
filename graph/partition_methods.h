// The ways to partition a graph. Internal to graph/: graph/partition.h checks what they are given.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/partition.h"
#include "graph/undirected.h"

namespace weft::graph {

// The loads to be balanced as one row of `kinds` numbers a vertex; those of which there is nothing left out.
struct VertexLoads {
  std::size_t kinds = 0;                    // at least 1
  std::vector<std::uint64_t> amounts = {};  // [vertices, kinds]
  std::vector<std::uint64_t> totals = {};   // [kinds], each at least 1 unless there are no vertices
};
VertexLoads vertex_loads(const UndirectedGraph& graph, const PartitionOptions& options);

// What cutting one of the leg's edges costs.
inline std::uint32_t edge_weight(const UndirectedGraph::Leg& leg, const PartitionOptions& options) {
  return options.edge_weights.empty() ? 1 : options.edge_weights[edge_type_of(leg.relation)];
}

// What of the graph METIS cannot take: its 32-bit indices, or too few nodes; empty if nothing.
std::string past_metis(const UndirectedGraph& graph, const PartitionOptions& options);

// The part of each vertex. At least one vertex, two parts.
std::vector<std::uint32_t> metis_parts(const UndirectedGraph& graph, const PartitionOptions& options);
std::vector<std::uint32_t> streaming_parts(const UndirectedGraph& graph, const PartitionOptions& options);

}  // namespace weft::graph
