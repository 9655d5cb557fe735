// Picks of one row when some of its events are hidden, one edge after the other: the form in which a device
// picks again where the first picks hit a hidden edge, which is rare. The same picks as NeighborSampler's,
// bit for bit; no memory but the picks' own, so a row is walked again for each pick.
#pragma once

#include <cstdint>

#include "graph/ids.h"
#include "sampling/one_hop.h"
#include "sampling/picks.h"
#include "sampling/weighted_picks.h"

namespace weft::sampling {

// Sorted event ids that one tree must not see.
struct HiddenEvents {
  const graph::EventId* ids = nullptr;
  std::uint32_t count = 0;

  WEFT_HOST_DEVICE bool contains(graph::EventId event) const {
    std::uint32_t low = 0;
    std::uint32_t left = count;
    while (left > 0) {
      const std::uint32_t half = left / 2;
      const bool below = ids[low + half] < event;
      low = below ? low + half + 1 : low;
      left = below ? left - half - 1 : half;
    }
    return low < count && ids[low] == event;
  }
};

// One row at one hop: its first `n` edges from position `start` on (those before its bound), and its draws.
struct PickRow {
  OneHopGraph graph = {};
  const graph::EventId* events = nullptr;      // by edge id
  const std::uint64_t* weight_sums = nullptr;  // of the row, from `start` on; null: picks are uniform
  HiddenEvents hidden = {};
  std::uint64_t start = 0;
  std::uint32_t n = 0;
  std::uint32_t k = 0;  // the fan-out
  PickLaw law = PickLaw::kUniform;
  Replacement replacement = Replacement::kWithout;
  DrawStream first = {};    // Purpose::kNeighbours
  DrawStream exact = {};    // Purpose::kNeighboursExact
  DrawStream allowed = {};  // Purpose::kNeighboursAllowed

  WEFT_HOST_DEVICE graph::EdgeId edge_id(std::uint32_t at) const {
    return graph.edge_ids == nullptr ? static_cast<graph::EdgeId>(start + at) : graph.edge_ids[start + at];
  }
  WEFT_HOST_DEVICE bool is_hidden(std::uint32_t at) const { return hidden.contains(events[edge_id(at)]); }
};

// The picks if nothing were hidden, counted from the row's start, into picks [k]. Returns how many.
WEFT_HOST_DEVICE inline std::uint32_t first_picks(const PickRow& row, std::uint32_t* picks) {
  if (row.replacement == Replacement::kWith) {
    return row.weight_sums != nullptr
               ? weighted_with_replacement(row.first, row.weight_sums, row.n, row.k, picks)
               : uniform_with_replacement(row.first, row.n, row.k, picks);
  }
  if (row.weight_sums != nullptr)
    return weighted_without_replacement(row.first, row.exact, row.weight_sums, row.n, row.k, picks);
  const std::uint32_t count = row.n < row.k ? row.n : row.k;
  if (row.law == PickLaw::kMostRecent) {
    for (std::uint32_t i = 0; i < count; ++i) picks[i] = row.n - 1 - i;
  } else if (row.n <= row.k) {
    for (std::uint32_t i = 0; i < count; ++i) picks[i] = i;
  } else if (row.k > 0) {
    floyd_picks(row.first, row.n, row.k, picks);
  }
  return count;
}

WEFT_HOST_DEVICE inline bool hits_hidden(const PickRow& row, const std::uint32_t* picks,
                                         std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    if (row.is_hidden(picks[i])) return true;
  }
  return false;
}

namespace allowed_picks_detail {

WEFT_HOST_DEVICE inline std::uint32_t count_allowed(const PickRow& row) {
  std::uint32_t count = 0;
  for (std::uint32_t at = 0; at < row.n; ++at) count += row.is_hidden(at) ? 0 : 1;
  return count;
}

// Allowed edge number `rank`, in row order.
WEFT_HOST_DEVICE inline std::uint32_t nth_allowed(const PickRow& row, std::uint32_t rank) {
  std::uint32_t at = 0;
  while (true) {
    if (!row.is_hidden(at)) {
      if (rank == 0) return at;
      --rank;
    }
    ++at;
  }
}

// The weight of the allowed edges that are not among the picks, and the one in whose share of it x lies.
WEFT_HOST_DEVICE inline std::uint64_t weight_left(const PickRow& row, const std::uint32_t* picks,
                                                  std::uint32_t count) {
  std::uint64_t left = 0;
  for (std::uint32_t at = 0; at < row.n; ++at) {
    if (!row.is_hidden(at) && !is_among(picks, count, at)) left += weight_of(row.weight_sums, at);
  }
  return left;
}
WEFT_HOST_DEVICE inline std::uint32_t edge_left(const PickRow& row, const std::uint32_t* picks,
                                                std::uint32_t count, std::uint64_t x) {
  std::uint32_t at = 0;
  while (true) {
    if (!row.is_hidden(at) && !is_among(picks, count, at)) {
      const std::uint64_t weight = weight_of(row.weight_sums, at);
      if (x < weight) return at;
      x -= weight;
    }
    ++at;
  }
}

WEFT_HOST_DEVICE inline std::uint32_t uniform_allowed(const PickRow& row, std::uint32_t* picks) {
  const std::uint32_t allowed = count_allowed(row);
  const std::uint32_t count = allowed < row.k ? allowed : row.k;
  if (count == allowed) {
    for (std::uint32_t i = 0; i < count; ++i) picks[i] = i;
  } else {
    floyd_picks(row.allowed, allowed, count, picks);
  }
  for (std::uint32_t i = 0; i < count; ++i) picks[i] = nth_allowed(row, picks[i]);
  return count;
}

WEFT_HOST_DEVICE inline std::uint32_t newest_allowed(const PickRow& row, std::uint32_t* picks) {
  std::uint32_t count = 0;
  for (std::uint32_t at = row.n; at-- > 0 && count < row.k;) {
    if (!row.is_hidden(at)) picks[count++] = at;
  }
  return count;
}

WEFT_HOST_DEVICE inline std::uint32_t weighted_allowed(const PickRow& row, std::uint32_t* picks,
                                                       std::uint32_t count) {
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!row.is_hidden(picks[i])) picks[kept++] = picks[i];
  }
  if (row.n <= row.k) return kept;
  std::uint64_t left = weight_left(row, picks, kept);
  for (; kept < row.k && left > 0; ++kept) {
    picks[kept] = edge_left(row, picks, kept, bounded64(row.allowed, kept, left));
    left -= weight_of(row.weight_sums, picks[kept]);
  }
  return kept;
}

WEFT_HOST_DEVICE inline std::uint32_t replaced_allowed(const PickRow& row, std::uint32_t* picks,
                                                       std::uint32_t count) {
  const bool weighted = row.weight_sums != nullptr;
  const std::uint64_t left = weighted ? weight_left(row, nullptr, 0) : count_allowed(row);
  if (left == 0) return 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!row.is_hidden(picks[i])) continue;
    picks[i] = weighted ? edge_left(row, nullptr, 0, bounded64(row.allowed, i, left))
                        : nth_allowed(row, bounded(row.allowed, i, row.allowed.word(i),
                                                   static_cast<std::uint32_t>(left)));
  }
  return count;
}

}  // namespace allowed_picks_detail

// In place of first picks that hit a hidden edge: picks by the law over the other edges. Returns how many,
// never more than before.
WEFT_HOST_DEVICE inline std::uint32_t allowed_picks(const PickRow& row, std::uint32_t* picks,
                                                    std::uint32_t count) {
  using namespace allowed_picks_detail;
  if (row.replacement == Replacement::kWith) return replaced_allowed(row, picks, count);
  if (row.law == PickLaw::kMostRecent) return newest_allowed(row, picks);
  if (row.weight_sums != nullptr) return weighted_allowed(row, picks, count);
  return uniform_allowed(row, picks);
}

}  // namespace weft::sampling
