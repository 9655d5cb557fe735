#include "gnn/hard_choice.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "sampling/hard_negatives.h"

namespace weft::gnn {

void choose_hard(const HardNegatives& hard, std::span<const std::int32_t> negatives,
                 std::span<const float> scores, std::size_t per_event, std::span<std::uint8_t> kept) {
  WEFT_CHECK(hard.count > 0 && per_event > 0 && negatives.size() == scores.size() &&
             kept.size() == negatives.size());
  const auto easy = std::min(static_cast<std::size_t>(hard.easy), per_event);
  const auto count = static_cast<std::size_t>(hard.count);
  std::vector<graph::NodeId> candidates(per_event), chosen(count);
  std::fill(kept.begin(), kept.end(), std::uint8_t{0});
  for (std::size_t row = 0; row + per_event <= negatives.size(); row += per_event) {
    for (std::size_t i = 0; i < per_event; ++i) {
      const std::int32_t node = negatives[row + i];
      const auto first = negatives.begin() + static_cast<std::ptrdiff_t>(row);
      const bool again = std::find(first, first + static_cast<std::ptrdiff_t>(i), node) !=
                         first + static_cast<std::ptrdiff_t>(i);
      candidates[i] = node < 0 || again ? graph::kNoNode : static_cast<graph::NodeId>(node);
      if (i >= easy) continue;
      if (candidates[i] != graph::kNoNode) kept[row + i] = 1;
      candidates[i] = graph::kNoNode;
    }
    sampling::hard_negatives(candidates, scores.subspan(row, per_event), per_event,
                             static_cast<std::size_t>(hard.skip), count, chosen);
    for (std::size_t i = easy; i < per_event; ++i) {
      if (candidates[i] != graph::kNoNode &&
          std::find(chosen.begin(), chosen.end(), candidates[i]) != chosen.end())
        kept[row + i] = 1;
    }
  }
}

}  // namespace weft::gnn
