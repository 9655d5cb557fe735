// k-way partitions of the heterogeneous graph: all node types and edge types as one undirected graph, cut
// where few edges run, each part with its share of what has to be held and trained on.
//
// Two methods: METIS (Karypis & Kumar 1998, multilevel, multi-constraint) as far as its 32-bit indices reach,
// and a streaming partitioner of our own past them (graph/partition_streaming.cc). Both are deterministic.
// graph/partition_report.h counts what a partition cuts, graph/partition_files.h writes one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph_view.h"
#include "graph/partition_loads.h"

namespace weft::graph {

enum class PartitionMethod {
  kAuto,       // METIS if it can take and balance the graph, else streaming
  kMetis,      // an Error if it cannot
  kStreaming,  // linear in edges, 8 bytes a node
};
std::string_view partition_method_name(PartitionMethod method);  // "auto", "metis", "streaming"

struct PartitionOptions {
  std::uint32_t parts = 2;
  PartitionMethod method = PartitionMethod::kAuto;
  std::uint64_t seed = 1;
  // The fullest part may have this times the mean of each load. A wish: a node heavier than a part's share,
  // or loads that pull apart, can make it impossible; the report says what came out.
  double imbalance = 1.05;
  std::vector<NodeLoad> loads = {};              // to be balanced, all at once; none: the number of nodes
  std::vector<std::uint32_t> edge_weights = {};  // [edge type], what cutting one edge costs; empty: 1 each
};

struct Partition {
  std::uint32_t parts = 0;
  PartitionMethod method = PartitionMethod::kMetis;      // the one that was used
  std::vector<std::vector<std::uint32_t>> part_of = {};  // [node type][node]
};

// Throws Error (kUsage) if parts is 0 or more than nodes, imbalance is out of range, loads or weights do not
// fit the graph; Error if METIS is asked for by name and cannot take the graph: fewer than 20 nodes a part;
// or nodes, adjacency entries or the sum of edge weights past its 32-bit index. Loads of which there is
// nothing are left out.
Partition partition(const GraphView& graph, const PartitionOptions& options);

}  // namespace weft::graph
