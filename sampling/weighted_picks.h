// Weighted picks, and picks with replacement, from one row; integer arithmetic that gives the same bits on
// hosts and devices.
//
// A row's weights are given as running sums sums[0 .. n) (graph/csr.h, fixed point), so that those before a
// time bound are a prefix. W is the last of them; an edge of weight 0 is never picked.
//
// Uniform with replacement, n > 0: draw i of k is from [0, n).
//
// Weighted with replacement, W > 0: draw i of k is x from [0, W) with pair i; the edge is the first whose sum
// exceeds x.
//
// Weighted without replacement, n <= k: all edges with a weight, in row order. Else proposals 0 .. 4 k - 1 as
// with replacement, proposal t with pair t, where an edge that was picked before is passed over, until there
// are k. Those that are still missing are drawn from the weight that is left, pick i with pair i of a second
// stream, until there are k or no weight is left. Both ways give each next edge a chance in proportion to its
// weight among those not picked yet, so their mixture does. This is the law of the k smallest exponential
// clocks with rates w (Efraimidis, Spirakis: "Weighted random sampling with a reservoir", 2006), hence also:
// the allowed among the first picks are the first picks among the allowed.
#pragma once

#include <cstdint>

#include "sampling/picks.h"

namespace weft::sampling {

inline constexpr std::uint32_t kProposalsPerPick = 4;
inline constexpr std::uint32_t kLargestWeightedFanOut = 1u << 24;

// The first of sums[0 .. n) that exceeds x; x < sums[n - 1]. Without jumps.
WEFT_HOST_DEVICE inline std::uint32_t edge_at_weight(const std::uint64_t* sums, std::uint32_t n,
                                                     std::uint64_t x) {
  std::uint32_t low = 0;
  while (n > 1) {
    const std::uint32_t half = n / 2;
    low = sums[low + half - 1] <= x ? low + half : low;
    n -= half;
  }
  return low;
}

WEFT_HOST_DEVICE inline std::uint64_t weight_before(const std::uint64_t* sums, std::uint32_t edge) {
  return edge == 0 ? 0 : sums[edge - 1];
}

WEFT_HOST_DEVICE inline std::uint64_t weight_of(const std::uint64_t* sums, std::uint32_t edge) {
  return sums[edge] - weight_before(sums, edge);
}

// The edge at weight x of what is left when the edges skipped[0 .. count) (distinct, in any order) are taken
// out. x is below the weight that is left.
WEFT_HOST_DEVICE inline std::uint32_t edge_at_weight_left(const std::uint64_t* sums, std::uint32_t n,
                                                          std::uint64_t x, const std::uint32_t* skipped,
                                                          std::uint32_t count) {
  // Where x lies on the whole row: moved up by every skipped edge that begins at or below it, until none is
  // left to count.
  std::uint64_t at = x;
  while (true) {
    std::uint64_t moved = x;
    for (std::uint32_t j = 0; j < count; ++j) {
      if (weight_before(sums, skipped[j]) <= at) moved += weight_of(sums, skipped[j]);
    }
    if (moved == at) return edge_at_weight(sums, n, at);
    at = moved;
  }
}

// Layer-neighbour sampling (Balin, Catalyurek: "Layer-neighbor sampling" (NeurIPS 2023), LABOR-0): all rows
// of a hop share one draw a target node, and a row of n edges picks those whose draw, as a share of 2^32, is
// below k / n: k on average, all if n <= k, each edge with the chance k / n. Rows that share targets pick the
// same ones, so that there are fewer distinct nodes.
WEFT_HOST_DEVICE inline bool labor_picks(std::uint32_t draw, std::uint32_t n, std::uint32_t k) {
  return n <= k || std::uint64_t{draw} * n < std::uint64_t{k} << 32;
}

// k draws into picks [k]. Returns how many: k, or 0 if the row is empty.
WEFT_HOST_DEVICE inline std::uint32_t uniform_with_replacement(const DrawStream& stream, std::uint32_t n,
                                                               std::uint32_t k, std::uint32_t* picks) {
  if (n == 0) return 0;
  PhiloxBlock block;
  for (std::uint32_t i = 0; i < k; ++i) {
    if (i % 4 == 0) block = stream.block(i / 4);
    picks[i] = bounded(stream, i, block.word[i % 4], n);
  }
  return k;
}

// k draws into picks [k]. Returns how many: k, or 0 if there is no weight.
WEFT_HOST_DEVICE inline std::uint32_t weighted_with_replacement(const DrawStream& stream,
                                                                const std::uint64_t* sums, std::uint32_t n,
                                                                std::uint32_t k, std::uint32_t* picks) {
  if (n == 0 || sums[n - 1] == 0) return 0;
  for (std::uint32_t i = 0; i < k; ++i) picks[i] = edge_at_weight(sums, n, bounded64(stream, i, sums[n - 1]));
  return k;
}

// Edges with a weight, in row order, into picks [n]. Returns how many.
WEFT_HOST_DEVICE inline std::uint32_t all_with_weight(const std::uint64_t* sums, std::uint32_t n,
                                                      std::uint32_t* picks) {
  std::uint32_t count = 0;
  std::uint64_t before = 0;
  for (std::uint32_t p = 0; p < n; ++p) {
    picks[count] = p;
    count += sums[p] != before ? 1 : 0;
    before = sums[p];
  }
  return count;
}

WEFT_HOST_DEVICE inline bool is_among(const std::uint32_t* picks, std::uint32_t count, std::uint32_t pick) {
  bool found = false;
  for (std::uint32_t j = 0; j < count; ++j) found |= picks[j] == pick;
  return found;
}

// Weighted picks without replacement (n > k, with some weight) into picks [k], given the edges of the first
// `known` proposals, at most 4 k. `exact` is the second stream. Returns how many there are.
WEFT_HOST_DEVICE inline std::uint32_t settle_weighted(const DrawStream& stream, const DrawStream& exact,
                                                      const std::uint64_t* sums, std::uint32_t n,
                                                      std::uint32_t k, const std::uint32_t* proposals,
                                                      std::uint32_t known, std::uint32_t* picks) {
  std::uint64_t filter = 0;  // bit (pick mod 64): clear means not picked yet; for n up to 64 set means picked
  std::uint32_t count = 0;
  for (std::uint32_t t = 0; count < k && t < kProposalsPerPick * k; ++t) {
    const std::uint32_t pick =
        t < known ? proposals[t] : edge_at_weight(sums, n, bounded64(stream, t, sums[n - 1]));
    std::uint32_t is_new = 1u - static_cast<std::uint32_t>(filter >> (pick & 63u) & 1u);
    if (is_new == 0 && n > 64) is_new = is_among(picks, count, pick) ? 0 : 1;
    filter |= std::uint64_t{1} << (pick & 63u);
    picks[count] = pick;  // what is not new is overwritten
    count += is_new;
  }
  if (count == k) return k;
  std::uint64_t left = sums[n - 1];
  for (std::uint32_t j = 0; j < count; ++j) left -= weight_of(sums, picks[j]);
  for (; count < k && left > 0; ++count) {
    const std::uint32_t pick = edge_at_weight_left(sums, n, bounded64(exact, count, left), picks, count);
    picks[count] = pick;
    left -= weight_of(sums, pick);
  }
  return count;
}

// Up to k (at most kLargestWeightedFanOut) of n edges into picks [min(n, k)]. Returns how many.
WEFT_HOST_DEVICE inline std::uint32_t weighted_without_replacement(const DrawStream& stream,
                                                                   const DrawStream& exact,
                                                                   const std::uint64_t* sums, std::uint32_t n,
                                                                   std::uint32_t k, std::uint32_t* picks) {
  if (n <= k) return all_with_weight(sums, n, picks);
  if (k == 0 || sums[n - 1] == 0) return 0;
  return settle_weighted(stream, exact, sums, n, k, nullptr, 0, picks);
}

}  // namespace weft::sampling
