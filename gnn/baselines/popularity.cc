#include "gnn/baselines/popularity.h"

#include <algorithm>

namespace weft::gnn {

PopularityScorer::PopularityScorer(std::span<const std::uint64_t> item_counts)
    : scores_(item_counts.begin(), item_counts.end()) {}

void PopularityScorer::score(std::span<const graph::NodeId> users, std::span<float> out) const {
  for (std::size_t u = 0; u < users.size(); ++u) {
    std::copy(scores_.begin(), scores_.end(), out.begin() + static_cast<std::ptrdiff_t>(u * scores_.size()));
  }
}

}  // namespace weft::gnn
