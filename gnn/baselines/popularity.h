// The baseline that nobody should lose to: the most popular items for everyone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gnn/evaluation/scorer.h"

namespace weft::gnn {

// Score of an item: its number of events in train.
class PopularityScorer final : public Scorer {
 public:
  explicit PopularityScorer(std::span<const std::uint64_t> item_counts);
  std::size_t items() const override { return scores_.size(); }
  void score(std::span<const graph::NodeId> users, std::span<float> out) const override;

 private:
  std::vector<float> scores_;
};

}  // namespace weft::gnn
