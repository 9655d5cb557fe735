// EASE (Steck 2019, "Embarrassingly shallow autoencoders for sparse data"): the strongest linear baseline, in
// closed form.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "gnn/evaluation/evaluator.h"
#include "gnn/evaluation/link_task.h"
#include "gnn/evaluation/scorer.h"
#include "graph/positive_index.h"

namespace weft::gnn {

struct EaseOptions {
  double lambda = 250;            // L2 penalty
  std::size_t max_items = 20000;  // more is an Error: memory is about 12 bytes x items^2 (4.8 GB at 20,000)
};

// B = I - P / diag(P) (by columns) with P = (X'X + lambda I)^-1; score(u) = x_u B. The item-item matrix is
// dense. Computed in double up to 4,000 items, in float above.
class EaseScorer final : public Scorer {
 public:
  // `pairs`: X, which it learns from and scores with; must outlive the scorer.
  EaseScorer(const graph::PositiveIndex& pairs, std::size_t items, const EaseOptions& options);
  std::size_t items() const override { return items_; }
  void score(std::span<const graph::NodeId> users, std::span<float> out) const override;
  std::span<const float> weights() const { return weights_; }  // B [items, items]

 private:
  const graph::PositiveIndex& pairs_;
  std::size_t items_;
  std::vector<float> weights_;
};

struct EaseChoice {
  double lambda = 0;
  double recall = 0;  // recall@20 on the validation part, fitted on train
};

// The best lambda of `grid` on the validation part (the first of equals). Throws Error if there is no
// validation pair.
EaseChoice choose_ease_lambda(const LinkTask& task, std::span<const double> grid, const EaseOptions& options,
                              ThreadPool& pool);

}  // namespace weft::gnn
