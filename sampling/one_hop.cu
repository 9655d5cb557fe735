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

// Weighted picks of one row by one warp: the lanes look for the first 32 proposals' edges, then one settles
// in order who came first. Equal to weighted_without_replacement. `proposals` [kWarp] is the warp's own.
__device__ std::uint32_t warp_weighted(const DrawStream& stream, const DrawStream& exact,
                                       const std::uint64_t* sums, std::uint32_t n, std::uint32_t k,
                                       std::uint32_t* proposals, std::uint32_t* picks, unsigned lane) {
  std::uint32_t count = 0;
  if (n > k && k > 0 && sums[n - 1] > 0) {
    const std::uint32_t known = kProposalsPerPick * k < kWarp ? kProposalsPerPick * k : kWarp;
    if (lane < known) proposals[lane] = edge_at_weight(sums, n, bounded64(stream, lane, sums[n - 1]));
    __syncwarp();
    if (lane == 0) count = settle_weighted(stream, exact, sums, n, k, proposals, known, picks);
  } else if (n <= k && lane == 0) {
    count = all_with_weight(sums, n, picks);
  }
  count = __shfl_sync(kAllLanes, count, 0);  // also: the other lanes see the picks
  __syncwarp();
  return count;
}

// Independent draws, a lane each.
__device__ std::uint32_t warp_replaced(const DrawStream& stream, const std::uint64_t* sums, std::uint32_t n,
                                       std::uint32_t k, std::uint32_t* picks, unsigned lane) {
  if (n == 0 || (sums != nullptr && sums[n - 1] == 0)) return 0;
  for (std::uint32_t i = lane; i < k; i += kWarp) {
    picks[i] = sums != nullptr ? edge_at_weight(sums, n, bounded64(stream, i, sums[n - 1]))
                               : bounded(stream, i, stream.word(i), n);
  }
  return k;
}

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
