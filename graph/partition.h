// k-way partitions of the whole heterogeneous graph through METIS.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph_view.h"

namespace weft::graph {

struct PartitionOptions {
  std::uint32_t parts = 2;
  std::uint64_t seed = 1;
  double imbalance = 1.03;  // the largest part may have this times the mean number of nodes
};

struct Partition {
  std::vector<std::vector<std::uint32_t>> part_of = {};  // [node type][node]
  std::uint64_t cut_edges = 0;                           // undirected edges between parts
  std::uint64_t total_edges = 0;
};

// Treats all edge types as one undirected graph (parallel edges add up as edge weights). Throws Error if
// nodes or adjacency entries pass METIS's 32-bit index, or parts is 0 or more than nodes.
Partition partition_metis(const GraphView& graph, const PartitionOptions& options);

}  // namespace weft::graph
