#include "gnn/retrieval/top_k.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace weft::gnn {

std::vector<ScoredItem> top_k(std::span<const float> scores, std::size_t k,
                              std::span<const std::uint8_t> allowed,
                              std::span<const graph::NodeId> excluded) {
  WEFT_CHECK(allowed.empty() || allowed.size() == scores.size());
  std::vector<ScoredItem> best;  // a heap with the worst of the best on top
  if (k == 0) return best;
  best.reserve(std::min(k, scores.size()) + 1);
  auto next_excluded = excluded.begin();
  for (std::size_t item = 0; item < scores.size(); ++item) {
    while (next_excluded != excluded.end() && *next_excluded < item) ++next_excluded;
    if (next_excluded != excluded.end() && *next_excluded == item) continue;
    if (!allowed.empty() && allowed[item] == 0) continue;
    const float score = scores[item];
    if (std::isnan(score)) {
      throw Error(fmt::format("the score of item {} is not a number", item),
                  {.expected = "finite scores", .hint = "the model diverged: lower the learning rate"});
    }
    const ScoredItem entry{static_cast<graph::NodeId>(item), score};
    if (best.size() == k) {
      if (score <= best.front().score) continue;  // ids ascend: a tie with the worst ranks after it
      std::pop_heap(best.begin(), best.end(), ranks_before);
      best.back() = entry;
    } else {
      best.push_back(entry);
    }
    std::push_heap(best.begin(), best.end(), ranks_before);
  }
  std::sort_heap(best.begin(), best.end(), ranks_before);
  return best;
}

}  // namespace weft::gnn
