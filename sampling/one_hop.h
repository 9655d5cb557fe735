// One hop of one relation for a whole frontier, padded to the fan-out: the form in which a device samples,
// without any size that the host would have to wait for. The same picks on host and device, bit for bit:
// sampling/picks.h.
#pragma once

#include <cstdint>

#include "graph/ids.h"
#include "sampling/neighbor_sampler.h"
#include "sampling/picks.h"
#include "sampling/weighted_picks.h"

namespace weft::sampling {

// All pointers of one call lie in the same memory: the host's for one_hop_cpu, the device's for
// CudaTable::one_hop.

// A relation's CSR (graph/csr.h).
struct OneHopGraph {
  const std::uint64_t* offsets = nullptr;      // [rows + 1]
  const graph::NodeId* targets = nullptr;      // [edges]
  const graph::TimeMs* times = nullptr;        // [edges], ascending within a row; null: untimed
  const graph::EdgeId* edge_ids = nullptr;     // [edges]; null: the position
  const std::uint64_t* weight_sums = nullptr;  // [edges], running sums within a row; null: unweighted
};

struct OneHopFrontier {
  const graph::NodeId* nodes = nullptr;   // [count], below rows
  const graph::TimeMs* before = nullptr;  // [count], only earlier edges are seen; null: no bound
  const std::uint32_t* roots = nullptr;   // [count], root keys of disjoint trees; null: a shared frontier
  std::uint32_t count = 0;
};

struct OneHopPick {
  PhiloxKey key = {};
  std::uint32_t relation = 0;
  std::uint32_t hop = 0;
  std::uint32_t fan_out = 0;        // at most 2^20; kAllNeighbours has no padded form
  PickLaw law = PickLaw::kUniform;  // not kLabor, whose rows have no largest number of picks
  Replacement replacement = Replacement::kWithout;
};

struct OneHopResult {
  std::uint32_t* counts = nullptr;   // [count], picks of each row
  graph::NodeId* targets = nullptr;  // [count x fan_out], kNoNode beyond the row's count
  graph::EdgeId* edges = nullptr;    // [count x fan_out], kNoEdge beyond the row's count
};

inline constexpr std::uint32_t kLargestPaddedFanOut = 1u << 20;

void one_hop_cpu(const OneHopGraph& graph, const OneHopFrontier& frontier, const OneHopPick& pick,
                 const OneHopResult& result);

// Shared by host and device: the row's edges before its bound.
WEFT_HOST_DEVICE inline std::uint32_t one_hop_length(const OneHopGraph& graph, const OneHopFrontier& frontier,
                                                     std::uint32_t row) {
  const std::uint64_t start = graph.offsets[frontier.nodes[row]];
  const auto length = static_cast<std::uint32_t>(graph.offsets[frontier.nodes[row] + 1] - start);
  if (graph.times == nullptr || frontier.before == nullptr || frontier.before[row] == graph::kEndOfTime)
    return length;
  return count_earlier(graph.times + start, length, frontier.before[row]);
}

WEFT_HOST_DEVICE inline DrawStream one_hop_stream(const OneHopFrontier& frontier, const OneHopPick& pick,
                                                  std::uint32_t row, Purpose purpose = Purpose::kNeighbours) {
  return {pick.key, frontier.nodes[row], purpose_word(purpose, pick.relation, pick.hop),
          frontier.roots == nullptr ? 0 : frontier.roots[row]};
}

WEFT_HOST_DEVICE inline bool one_hop_weighted(const OneHopGraph& graph, const OneHopPick& pick) {
  return pick.law == PickLaw::kWeighted && graph.weight_sums != nullptr;
}

// Whether the padded form has this law: the same ones as NeighborSampler, LABOR excepted.
WEFT_HOST_DEVICE inline bool one_hop_has(const OneHopPick& pick) {
  return pick.fan_out <= kLargestPaddedFanOut && pick.law != PickLaw::kLabor &&
         (pick.replacement == Replacement::kWithout || pick.law != PickLaw::kMostRecent);
}

}  // namespace weft::sampling
