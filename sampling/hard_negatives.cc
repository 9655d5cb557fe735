#include "sampling/hard_negatives.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace weft::sampling {

void hard_negatives(std::span<const graph::NodeId> candidates, std::span<const float> scores,
                    std::size_t pool, std::size_t skip, std::size_t per_row, std::span<graph::NodeId> out) {
  WEFT_CHECK(pool > 0 && candidates.size() % pool == 0 && scores.size() == candidates.size());
  const std::size_t rows = candidates.size() / pool;
  WEFT_CHECK(out.size() == rows * per_row);
  std::vector<std::uint32_t> order;
  std::vector<graph::NodeId> taken;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto nodes = candidates.subspan(row * pool, pool);
    const auto values = scores.subspan(row * pool, pool);
    order.clear();
    for (std::uint32_t i = 0; i < pool; ++i) {
      if (nodes[i] != graph::kNoNode && !std::isnan(values[i])) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return values[a] > values[b]; });
    taken.clear();
    for (std::size_t i = 0; i < order.size() && taken.size() < skip + per_row; ++i) {
      const graph::NodeId node = nodes[order[i]];
      if (std::find(taken.begin(), taken.end(), node) == taken.end()) taken.push_back(node);
    }
    const auto chosen = out.subspan(row * per_row, per_row);
    std::fill(chosen.begin(), chosen.end(), graph::kNoNode);
    if (taken.size() > skip)
      std::copy(taken.begin() + static_cast<std::ptrdiff_t>(skip), taken.end(), chosen.begin());
  }
}

}  // namespace weft::sampling
