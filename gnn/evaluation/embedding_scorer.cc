#include "gnn/evaluation/embedding_scorer.h"

#include "base/error.h"
#include "gnn/kernels/dot_scores.h"

namespace weft::gnn {

EmbeddingScorer::EmbeddingScorer(std::vector<float> users, std::vector<float> items, std::size_t dim)
    : users_(std::move(users)), items_(std::move(items)), dim_(dim) {
  WEFT_CHECK(dim > 0 && users_.size() % dim == 0 && items_.size() % dim == 0);
}

void EmbeddingScorer::score(std::span<const graph::NodeId> users, std::span<float> out) const {
  std::vector<const float*> rows(users.size());
  for (std::size_t u = 0; u < users.size(); ++u) {
    WEFT_CHECK(users[u] < this->users());
    rows[u] = users_.data() + users[u] * dim_;
  }
  dot_scores(rows, items_, dim_, {}, out);
}

}  // namespace weft::gnn
