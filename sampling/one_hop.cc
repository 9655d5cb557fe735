#include "sampling/one_hop.h"

#include <algorithm>

#include "base/error.h"

namespace weft::sampling {

void one_hop_cpu(const OneHopGraph& graph, const OneHopFrontier& frontier, const OneHopPick& pick,
                 const OneHopResult& result) {
  WEFT_CHECK(pick.fan_out <= kLargestPaddedFanOut);
  const std::uint32_t k = pick.fan_out;
  for (std::uint32_t row = 0; row < frontier.count; ++row) {
    const std::uint64_t start = graph.offsets[frontier.nodes[row]];
    const std::uint32_t length = one_hop_length(graph, frontier, row);
    const std::uint32_t count = std::min(length, k);
    graph::NodeId* targets = result.targets + std::size_t{row} * k;
    graph::EdgeId* edges = result.edges + std::size_t{row} * k;
    if (pick.law == PickLaw::kMostRecent) {
      for (std::uint32_t i = 0; i < count; ++i) edges[i] = length - 1 - i;
    } else if (length <= k) {
      for (std::uint32_t i = 0; i < count; ++i) edges[i] = i;
    } else if (k > 0) {
      floyd_picks(one_hop_stream(frontier, pick, row), length, k, edges);
    }
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
