// The k best of a row of scores, in one order everywhere: score descending, then id ascending.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graph/ids.h"

namespace weft::gnn {

struct ScoredItem {
  graph::NodeId item = graph::kNoNode;
  float score = 0;
  bool operator==(const ScoredItem&) const = default;
};

// True if `a` ranks before `b`.
constexpr bool ranks_before(const ScoredItem& a, const ScoredItem& b) {
  return a.score > b.score || (a.score == b.score && a.item < b.item);
}

// The k best of `scores` (position = item id), best first; fewer if there are fewer. `allowed`
// [scores.size()] or empty: 0 leaves an item out; `excluded`: further items left out, ascending. O(items + k
// log k log items). Throws Error on a NaN among the scores that count.
std::vector<ScoredItem> top_k(std::span<const float> scores, std::size_t k,
                              std::span<const std::uint8_t> allowed = {},
                              std::span<const graph::NodeId> excluded = {});

}  // namespace weft::gnn
