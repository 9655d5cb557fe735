#include "sampling/one_hop_cuda.h"

namespace weft::sampling {
namespace {

constexpr unsigned kWarp = 32;
constexpr unsigned kAllLanes = 0xFFFFFFFFu;
constexpr unsigned kThreads = 256;

// Floyd's picks of one row by one warp, 32 steps at a time: every lane draws its step's candidate, then the
// lanes settle in step order who came first. Equal to floyd_picks. `picks` [k] is read again by later tiles
// and by the gather.
__device__ void warp_floyd(const DrawStream& stream, std::uint32_t n, std::uint32_t k, std::uint32_t* picks,
                           unsigned lane) {
  for (std::uint32_t base = 0; base < k; base += kWarp) {
    const std::uint32_t i = base + lane;
    const bool active = i < k;
    const std::uint32_t last = n - k + (active ? i : 0);
    std::uint32_t pick = active ? floyd_candidate(stream, n, k, i) : graph::kNoNode;
    for (std::uint32_t earlier = 0; earlier < base; ++earlier) {
      if (active && pick == picks[earlier]) pick = last;
    }
    const unsigned steps = k - base < kWarp ? k - base : kWarp;
    for (unsigned step = 0; step < steps; ++step) {
      const std::uint32_t settled = __shfl_sync(kAllLanes, pick, static_cast<int>(step));
      if (active && lane > step && pick == settled) pick = last;
    }
    if (active) picks[i] = pick;
    __syncwarp();  // later tiles read what other lanes wrote
  }
}

// One warp a row.
__global__ void __launch_bounds__(kThreads)
    one_hop_kernel(OneHopGraph graph, OneHopFrontier frontier, OneHopPick pick, OneHopResult result) {
  const unsigned lane = threadIdx.x % kWarp;
  const std::uint32_t warps = gridDim.x * (kThreads / kWarp);
  const std::uint32_t k = pick.fan_out;
  for (std::uint32_t row = blockIdx.x * (kThreads / kWarp) + threadIdx.x / kWarp; row < frontier.count;
       row += warps) {
    const std::uint64_t start = graph.offsets[frontier.nodes[row]];
    const std::uint32_t length = one_hop_length(graph, frontier, row);
    const std::uint32_t count = length < k ? length : k;
    graph::NodeId* targets = result.targets + std::size_t{row} * k;
    graph::EdgeId* edges = result.edges + std::size_t{row} * k;
    const bool drawn = pick.law == PickLaw::kUniform && length > k;
    if (drawn) warp_floyd(one_hop_stream(frontier, pick, row), length, k, edges, lane);
    for (std::uint32_t i = lane; i < k; i += kWarp) {
      graph::NodeId target = graph::kNoNode;
      graph::EdgeId edge = graph::kNoEdge;
      if (i < count) {
        // edges[i] was written by this very lane
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
  if (pick.fan_out > kLargestPaddedFanOut) return cudaErrorInvalidValue;
  if (frontier.count == 0) return cudaSuccess;
  const std::uint32_t wanted = (frontier.count - 1) / (kThreads / kWarp) + 1;
  constexpr std::uint32_t kMostBlocks = 1u << 16;  // the kernel strides over the rest
  const std::uint32_t blocks = wanted < kMostBlocks ? wanted : kMostBlocks;
  one_hop_kernel<<<blocks, kThreads, 0, stream>>>(graph, frontier, pick, result);
  return cudaGetLastError();
}

}  // namespace weft::sampling
