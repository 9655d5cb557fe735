// Picks of one row by one warp, equal to their sequential forms (sampling/picks.h, sampling/weighted_picks.h).
#pragma once

#include <cstdint>

#include "graph/ids.h"
#include "sampling/picks.h"
#include "sampling/weighted_picks.h"

namespace weft::sampling {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kAllLanes = 0xFFFFFFFFu;

// Floyd's picks of one row by one warp, 32 steps at a time: every lane draws its step's candidate, then the
// lanes settle in step order who came first. Equal to floyd_picks. `picks` [k] is read again by later tiles
// and by the gather.
__device__ inline void warp_floyd(const DrawStream& stream, std::uint32_t n, std::uint32_t k, std::uint32_t* picks,
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
__device__ inline std::uint32_t warp_weighted(const DrawStream& stream, const DrawStream& exact,
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
__device__ inline std::uint32_t warp_replaced(const DrawStream& stream, const std::uint64_t* sums, std::uint32_t n,
                                       std::uint32_t k, std::uint32_t* picks, unsigned lane) {
  if (n == 0 || (sums != nullptr && sums[n - 1] == 0)) return 0;
  for (std::uint32_t i = lane; i < k; i += kWarp) {
    picks[i] = sums != nullptr ? edge_at_weight(sums, n, bounded64(stream, i, sums[n - 1]))
                               : bounded(stream, i, stream.word(i), n);
  }
  return k;
}

}  // namespace weft::sampling
