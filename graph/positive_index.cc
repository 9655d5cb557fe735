#include "graph/positive_index.h"

#include <algorithm>

#include "base/error.h"

namespace weft::graph {

PositiveIndex::PositiveIndex(const CsrView& csr, std::span<const std::uint8_t> keep) {
  const auto kept = [&](std::uint64_t position) {
    if (keep.empty()) return true;
    const EdgeId id = csr.edge_id(position);
    WEFT_CHECK(id < keep.size());
    return keep[id] != 0;
  };
  offsets_.reserve(csr.rows() + 1);
  offsets_.push_back(0);
  for (std::size_t row = 0; row < csr.rows(); ++row) {
    const auto begin = static_cast<std::ptrdiff_t>(targets_.size());
    for (std::uint64_t i = csr.offsets[row]; i < csr.offsets[row + 1]; ++i) {
      if (kept(i)) targets_.push_back(csr.targets[i]);
    }
    std::sort(targets_.begin() + begin, targets_.end());
    targets_.erase(std::unique(targets_.begin() + begin, targets_.end()), targets_.end());
    offsets_.push_back(targets_.size());
  }
  targets_.shrink_to_fit();
}

bool PositiveIndex::contains(NodeId row, NodeId target) const {
  const auto found = targets(row);
  return std::binary_search(found.begin(), found.end(), target);
}

std::span<const NodeId> PositiveIndex::targets(NodeId row) const {
  WEFT_CHECK(row < rows());
  return std::span(targets_).subspan(offsets_[row], offsets_[row + 1] - offsets_[row]);
}

}  // namespace weft::graph
