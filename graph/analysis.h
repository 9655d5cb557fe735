// What kind of graph a snapshot is: how its degrees spread, how it hangs together, how dense its dense part
// is, and which nodes are central. All node types and edge types as one undirected graph; every edge counts,
// parallel ones too, unless said otherwise.
//
// Nodes that were forgotten are none: the figures are those of a graph that never had them.
//
// Deterministic. The edges stay where they are: memory is at most 24 bytes a node, 8 for each edge of the
// busiest node and 8 a component, beside the snapshot's mapped files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "graph/graph_view.h"

namespace weft::graph {

// Of one number for each node of a type. All 0 without nodes.
struct Spread {
  std::uint64_t zeros = 0;
  double mean = 0;
  std::uint64_t median = 0;  // the lower one of an even number
  std::uint64_t p99 = 0;     // the least that 99 % of the nodes do not exceed
  std::uint64_t max = 0;
};
Spread spread_of(std::vector<std::uint64_t> values);

struct RankedNode {
  NodeId node = kNoNode;
  double rank = 0;           // PageRank
  std::uint64_t degree = 0;  // edges
};

struct GraphAnalysis {
  std::uint64_t nodes = 0;
  std::uint64_t edges = 0;                          // undirected
  std::vector<Spread> degrees = {};                 // [node type], edges of all types
  std::vector<Spread> relation_degrees = {};        // [relation id]; unused for the half of symmetric
                                                    // types that Schema::relations() leaves out
  std::uint32_t components = 0;                     // connected ones
  std::vector<std::uint64_t> component_sizes = {};  // of the largest, descending
  std::map<std::uint32_t, std::vector<std::uint64_t>> cores = {};  // core number -> nodes that have just
                                                                   // it, [node type]
  std::vector<std::vector<RankedNode>> top =
      {};  // [node type], by rank, then id; PageRank sums to 1 over all
  std::uint32_t page_rank_iterations = 0;
  double page_rank_change = 0;  // of the last iteration, in sum over all nodes
};

struct AnalysisOptions {
  std::size_t top = 5;  // nodes by PageRank of each type
  std::size_t component_sizes = 5;
  double damping = 0.85;
  // [node type] nodes without an edge that are none: those that were forgotten, ascending. Shorter: no more.
  std::vector<std::span<const NodeId>> left_out = {};
};
// Of a snapshot: its forgotten nodes.
std::vector<std::span<const NodeId>> forgotten_nodes(const Snapshot& snapshot);

// `step` (may be empty) is told what begins: "components", "core numbers", "PageRank", "degrees". Throws
// Error if there are more than 2^32 - 1 nodes.
GraphAnalysis analyse(const GraphView& graph, const AnalysisOptions& options = {},
                      const std::function<void(std::string_view)>& step = {});

}  // namespace weft::graph
