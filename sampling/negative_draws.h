// One negative, as a pure function of tables, row, key and number: the form in which a device draws, thread
// by thread. The same nodes as NegativeSampler's, bit for bit; compiled for hosts and devices.
#pragma once

#include <cstdint>

#include "graph/ids.h"
#include "sampling/picks.h"

namespace weft::sampling {

inline constexpr std::uint32_t kNegativeProposals = 8;  // tries before the exact draw

// Candidates have ranks: ordered by first-seen time, then id, so that those seen before a bound are a prefix.
// All pointers lie in the same memory.
struct NegativeTables {
  std::uint64_t targets = 0;
  const std::uint64_t* cumulative = nullptr;  // [targets + 1] weight of all lower ranks; null: all weigh 1
  const graph::NodeId* order = nullptr;       // [targets] node by rank; null: the identity
  const std::uint32_t* rank = nullptr;        // [targets] rank by node; null: the identity
  const graph::TimeMs* seen = nullptr;        // [targets] by rank, ascending; null: all are always seen
  std::uint32_t rows = 0;
  const std::uint64_t* positive_offsets = nullptr;  // [rows + 1]
  const std::uint32_t* positive_ranks = nullptr;    // ascending in a row; kNoNode: no candidate at all
  const std::uint64_t* allowed_before = nullptr;  // by positive: the weight of its row's allowed lower ranks

  WEFT_HOST_DEVICE std::uint64_t weight_before(std::uint64_t at) const {
    return cumulative == nullptr ? at : cumulative[at];
  }
  WEFT_HOST_DEVICE graph::NodeId node_at(std::uint64_t at) const {
    return order == nullptr ? static_cast<graph::NodeId>(at) : order[at];
  }
};

struct NegativeJob {
  NegativeTables tables = {};
  PhiloxKey key = {};
  const graph::NodeId* rows = nullptr;    // [count]
  const std::uint32_t* keys = nullptr;    // [count]
  const graph::TimeMs* before = nullptr;  // [count]; null: no bound
  std::uint32_t count = 0;
  std::uint32_t per_row = 0;
  graph::NodeId* out = nullptr;  // [count x per_row]
};

namespace negative_draws_detail {

// The number of leading values that are below `bound` (with `or_equal`: or equal to it); values ascend.
template <typename T>
WEFT_HOST_DEVICE std::uint64_t count_below(const T* values, std::uint64_t count, T bound, bool or_equal) {
  std::uint64_t low = 0;
  while (count > 0) {
    const std::uint64_t half = count / 2;
    const T value = values[low + half];
    const bool below = value < bound || (or_equal && value == bound);
    low = below ? low + half + 1 : low;
    count = below ? count - half - 1 : half;
  }
  return low;
}

// The rank whose weight covers `weight`, among the first `ranks`.
WEFT_HOST_DEVICE inline std::uint64_t rank_at(const NegativeTables& tables, std::uint64_t weight,
                                              std::uint64_t ranks) {
  if (tables.cumulative == nullptr) return weight;
  return count_below(tables.cumulative + 1, ranks, weight, true);
}

}  // namespace negative_draws_detail

// Negative number j of a row; kNoNode if no candidate is left.
WEFT_HOST_DEVICE inline graph::NodeId draw_negative(const NegativeTables& tables, PhiloxKey key,
                                                    graph::NodeId row, std::uint32_t row_key,
                                                    graph::TimeMs before, std::uint32_t j) {
  using namespace negative_draws_detail;
  const std::uint64_t ranks = tables.seen == nullptr || before == graph::kEndOfTime
                                  ? tables.targets
                                  : count_below(tables.seen, tables.targets, before, false);
  const std::uint64_t total = tables.weight_before(ranks);
  if (total == 0) return graph::kNoNode;
  const std::uint64_t begin = row < tables.rows ? tables.positive_offsets[row] : 0;
  const std::uint64_t positives = row < tables.rows ? tables.positive_offsets[row + 1] - begin : 0;
  const std::uint32_t* const hidden = tables.positive_ranks + begin;
  if (2 * positives <= ranks) {  // where most candidates are positives, proposing is a waste
    const DrawStream proposals{key, row, purpose_word(Purpose::kNegatives, 0, 0), row_key};
    for (std::uint32_t attempt = 0; attempt < kNegativeProposals; ++attempt) {
      const std::uint64_t x = bounded64(proposals, j * kNegativeProposals + attempt, total);
      const auto rank = static_cast<std::uint32_t>(rank_at(tables, x, ranks));
      const std::uint64_t at = count_below(hidden, positives, rank, false);
      if (at == positives || hidden[at] != rank) return tables.node_at(rank);
    }
  }
  // The exact law: x is a weight among the allowed, moved up by the positives that lie lower.
  const std::uint64_t* const allowed_before = tables.allowed_before + begin;
  const std::uint64_t count = count_below(hidden, positives, static_cast<std::uint32_t>(ranks), false);
  const auto taken_by = [&](std::uint64_t first) {  // the weight of the row's first positives
    return first == 0
               ? 0
               : tables.weight_before(std::uint64_t{hidden[first - 1]} + 1) - allowed_before[first - 1];
  };
  const std::uint64_t allowed = total - taken_by(count);
  if (allowed == 0) return graph::kNoNode;
  const DrawStream exact{key, row, purpose_word(Purpose::kNegativesExact, 0, 0), row_key};
  const std::uint64_t x = bounded64(exact, j, allowed);
  const std::uint64_t below = count_below(allowed_before, count, x, true);
  return tables.node_at(rank_at(tables, x + taken_by(below), ranks));
}

}  // namespace weft::sampling
