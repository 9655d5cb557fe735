// A scorer for models that end in one vector per user and per item.
#pragma once

#include <vector>

#include "gnn/evaluation/scorer.h"

namespace weft::gnn {

// score(u, i) = users[u] . items[i]. Owns both matrices, row-major [n, dim].
class EmbeddingScorer final : public Scorer {
 public:
  EmbeddingScorer(std::vector<float> users, std::vector<float> items, std::size_t dim);
  std::size_t items() const override { return items_.size() / dim_; }
  void score(std::span<const graph::NodeId> users, std::span<float> out) const override;
  std::size_t users() const { return users_.size() / dim_; }
  std::size_t dim() const { return dim_; }
  std::span<const float> user_vectors() const { return users_; }
  std::span<const float> item_vectors() const { return items_; }

 private:
  std::vector<float> users_, items_;
  std::size_t dim_;
};

}  // namespace weft::gnn
