// What a partition cuts and what its parts hold: beside a random assignment, so that a cut can be judged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph_view.h"
#include "graph/partition.h"

namespace weft::graph {

// The nodes of one type that are not in a part but have an edge to a node that is, part after part, ascending
// within a part.
struct HaloTable {
  std::vector<std::uint64_t> offsets = {};  // [parts + 1]
  std::vector<NodeId> nodes = {};
  std::span<const NodeId> of(std::uint32_t part) const {
    return std::span(nodes).subspan(offsets[part], offsets[part + 1] - offsets[part]);
  }
};
// [node type]. Time: one walk over all edges; memory: twice the tables.
std::vector<HaloTable> halo_tables(const GraphView& graph, const Partition& partition);

// Both directions of a symmetric edge are one edge; a loop is never cut.
struct EdgeCut {
  std::uint64_t edges = 0;
  std::uint64_t cut = 0;         // with ends in different parts
  std::uint64_t random_cut = 0;  // of as large parts, filled at random
};

struct PartitionReport {
  std::vector<EdgeCut> edge_types = {};                // [edge type]
  std::vector<std::vector<std::uint64_t>> nodes = {};  // [node type][part]
  std::vector<std::vector<std::uint64_t>> halo = {};   // [node type][part]
  std::vector<std::uint64_t> inner_edges = {};         // [part], with both ends in it
  std::vector<std::string> load_names = {};
  std::vector<std::vector<std::uint64_t>> loads = {};  // [load][part]

  EdgeCut all_edges() const;
  // The fullest part's load over the mean; 1 if there is none of it.
  double imbalance(std::size_t load) const;
};

// `loads`: to be reported, usually PartitionOptions::loads. The random assignment is a shuffle by `seed`.
PartitionReport report_partition(const GraphView& graph, const Partition& partition,
                                 const std::vector<HaloTable>& halos, const std::vector<NodeLoad>& loads,
                                 std::uint64_t seed);

}  // namespace weft::graph
