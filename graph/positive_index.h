// Exact answer to "is (row, target) a known positive?": target-sorted distinct rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/csr.h"

namespace weft::graph {

// Immutable, thread-safe. Built from the edges for which keep[edge id] is not 0 (an empty keep: all).
class PositiveIndex {
 public:
  PositiveIndex() = default;
  PositiveIndex(const CsrView& csr, std::span<const std::uint8_t> keep);
  bool contains(NodeId row, NodeId target) const;     // O(log degree)
  std::span<const NodeId> targets(NodeId row) const;  // ascending, distinct
  std::size_t rows() const { return offsets_.empty() ? 0 : offsets_.size() - 1; }
  std::size_t pairs() const { return targets_.size(); }
  std::span<const std::uint64_t> offsets() const { return offsets_; }
  std::span<const NodeId> all_targets() const { return targets_; }

 private:
  std::vector<std::uint64_t> offsets_;
  std::vector<NodeId> targets_;
};

}  // namespace weft::graph
