#include "sampling/one_hop.h"

#include <algorithm>

#include "base/error.h"

namespace weft::sampling {

namespace {

// Into edges [fan-out], counted from the row's start; returns how many.
std::uint32_t pick_row(const OneHopGraph& graph, const OneHopFrontier& frontier, const OneHopPick& pick,
                       std::uint32_t row, std::uint32_t length, std::uint32_t* edges) {
  const std::uint32_t k = pick.fan_out;
  const DrawStream stream = one_hop_stream(frontier, pick, row);
  const std::uint64_t* sums =
      one_hop_weighted(graph, pick) ? graph.weight_sums + graph.offsets[frontier.nodes[row]] : nullptr;
  if (pick.replacement == Replacement::kWith) {
    return sums != nullptr ? weighted_with_replacement(stream, sums, length, k, edges)
                           : uniform_with_replacement(stream, length, k, edges);
  }
  if (sums != nullptr) {
    const DrawStream exact = one_hop_stream(frontier, pick, row, Purpose::kNeighboursExact);
    return weighted_without_replacement(stream, exact, sums, length, k, edges);
  }
  const std::uint32_t count = std::min(length, k);
  if (pick.law == PickLaw::kMostRecent) {
    for (std::uint32_t i = 0; i < count; ++i) edges[i] = length - 1 - i;
  } else if (length <= k) {
    for (std::uint32_t i = 0; i < count; ++i) edges[i] = i;
  } else if (k > 0) {
    floyd_picks(stream, length, k, edges);
  }
  return count;
}

}  // namespace

void one_hop_cpu(const OneHopGraph& graph, const OneHopFrontier& frontier, const OneHopPick& pick,
                 const OneHopResult& result) {
  WEFT_CHECK(one_hop_has(pick));
  const std::uint32_t k = pick.fan_out;
  for (std::uint32_t row = 0; row < frontier.count; ++row) {
    const std::uint64_t start = graph.offsets[frontier.nodes[row]];
    const std::uint32_t length = one_hop_length(graph, frontier, row);
    graph::NodeId* targets = result.targets + std::size_t{row} * k;
    graph::EdgeId* edges = result.edges + std::size_t{row} * k;
    const std::uint32_t count = pick_row(graph, frontier, pick, row, length, edges);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint64_t position = start + edges[i];
      targets[i] = graph.targets[position];
      edges[i] = graph.edge_ids == nullptr ? static_cast<graph::EdgeId>(position) : graph.edge_ids[position];
    }
    std::fill(targets + count, targets + k, graph::kNoNode);
    std::fill(edges + count, edges + k, graph::kNoEdge);
    result.counts[row] = count;
  }
}

}  // namespace weft::sampling
