#include "sampling/one_hop_cuda.h"
#include "sampling/warp_picks.cuh"

namespace weft::sampling {
namespace {

constexpr unsigned kThreads = 256;

// One warp a row.
__global__ void __launch_bounds__(kThreads)
    one_hop_kernel(OneHopGraph graph, OneHopFrontier frontier, OneHopPick pick, OneHopResult result) {
  __shared__ std::uint32_t proposals[kThreads];
  const unsigned lane = threadIdx.x % kWarp;
  const std::uint32_t warps = gridDim.x * (kThreads / kWarp);
  const std::uint32_t k = pick.fan_out;
  for (std::uint32_t row = blockIdx.x * (kThreads / kWarp) + threadIdx.x / kWarp; row < frontier.count;
       row += warps) {
    const std::uint64_t start = graph.offsets[frontier.nodes[row]];
    const std::uint32_t length = one_hop_length(graph, frontier, row);
    std::uint32_t count = length < k ? length : k;
    graph::NodeId* targets = result.targets + std::size_t{row} * k;
    graph::EdgeId* edges = result.edges + std::size_t{row} * k;
    const DrawStream stream = one_hop_stream(frontier, pick, row);
    const std::uint64_t* sums = one_hop_weighted(graph, pick) ? graph.weight_sums + start : nullptr;
    bool drawn = true;  // else the last or the first of the row
    if (pick.replacement == Replacement::kWith) {
      count = warp_replaced(stream, sums, length, k, edges, lane);
    } else if (sums != nullptr) {
      count = warp_weighted(stream, one_hop_stream(frontier, pick, row, Purpose::kNeighboursExact), sums,
                            length, k, proposals + threadIdx.x / kWarp * kWarp, edges, lane);
    } else if (pick.law != PickLaw::kMostRecent && length > k) {
      warp_floyd(stream, length, k, edges, lane);
    } else {
      drawn = false;
    }
    for (std::uint32_t i = lane; i < k; i += kWarp) {
      graph::NodeId target = graph::kNoNode;
      graph::EdgeId edge = graph::kNoEdge;
      if (i < count) {
        // edges[i] was written by this very lane, or before the warp's last synchronisation
        const std::uint64_t position = start + (drawn                              ? edges[i]
                                                : pick.law == PickLaw::kMostRecent ? length - 1 - i
                                                                                   : i);
        target = graph.targets[position];
        edge = graph.edge_ids == nullptr ? static_cast<graph::EdgeId>(position) : graph.edge_ids[position];
      }
      targets[i] = target;
      edges[i] = edge;
    }
    if (lane == 0) result.counts[row] = count;
  }
}

}  // namespace

cudaError_t one_hop_cuda(const OneHopGraph& graph, const OneHopFrontier& frontier, const OneHopPick& pick,
                         const OneHopResult& result, cudaStream_t stream) {
  if (!one_hop_has(pick)) return cudaErrorInvalidValue;
  if (frontier.count == 0) return cudaSuccess;
  const std::uint32_t wanted = (frontier.count - 1) / (kThreads / kWarp) + 1;
  constexpr std::uint32_t kMostBlocks = 1u << 16;  // the kernel strides over the rest
  const std::uint32_t blocks = wanted < kMostBlocks ? wanted : kMostBlocks;
  one_hop_kernel<<<blocks, kThreads, 0, stream>>>(graph, frontier, pick, result);
  return cudaGetLastError();
}

}  // namespace weft::sampling
