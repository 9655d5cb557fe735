#include "gnn/baselines/ease.h"

#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/linalg_cholesky.h>

#include "base/error.h"
#include "gnn/kernels/gather.h"

namespace weft::gnn {

using graph::NodeId;

namespace {

// X'X + lambda I.
template <typename Real>
torch::Tensor gram_matrix(const graph::PositiveIndex& pairs, std::size_t items, double lambda) {
  const auto n = static_cast<std::int64_t>(items);
  torch::Tensor gram = torch::zeros({n, n}, torch::CppTypeToScalarType<Real>::value);
  Real* const values = gram.mutable_data_ptr<Real>();
  for (NodeId user = 0; user < pairs.rows(); ++user) {
    const auto history = pairs.targets(user);
    for (const NodeId a : history) {
      Real* const row = values + a * items;
      for (const NodeId b : history) row[b] += 1;
    }
  }
  for (std::size_t i = 0; i < items; ++i) values[i * items + i] += static_cast<Real>(lambda);
  return gram;
}

template <typename Real>
std::vector<float> ease_weights(const graph::PositiveIndex& pairs, std::size_t items, double lambda) {
  torch::Tensor inverse;
  {
    torch::Tensor lower = at::linalg_cholesky(gram_matrix<Real>(pairs, items, lambda));
    inverse = at::cholesky_inverse(lower);
  }
  inverse = inverse.contiguous();
  const Real* const p = inverse.const_data_ptr<Real>();
  std::vector<float> weights(items * items);
  for (std::size_t i = 0; i < items; ++i) {
    for (std::size_t j = 0; j < items; ++j) {
      weights[i * items + j] = i == j ? 0.0F : static_cast<float>(-p[i * items + j] / p[j * items + j]);
    }
  }
  return weights;
}

}  // namespace

EaseScorer::EaseScorer(const graph::PositiveIndex& pairs, std::size_t items, const EaseOptions& options)
    : pairs_(pairs), items_(items) {
  if (items > options.max_items) {
    throw Error(fmt::format("EASE needs a dense matrix of {} x {} items", items, items),
                {.expected = fmt::format("at most {} items", options.max_items),
                 .hint = "leave EASE out for this catalogue"});
  }
  WEFT_CHECK(options.lambda > 0);
  const torch::NoGradGuard no_grad;
  constexpr std::size_t kDoubleUpTo = 4000;
  weights_ = items <= kDoubleUpTo ? ease_weights<double>(pairs, items, options.lambda)
                                  : ease_weights<float>(pairs, items, options.lambda);
}

void EaseScorer::score(std::span<const NodeId> users, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t u = 0; u < users.size(); ++u) {
    if (users[u] >= pairs_.rows()) continue;
    for (const NodeId item : pairs_.targets(users[u])) {
      add_scaled(out.data() + u * items_, weights_.data() + item * items_, 1.0F, items_);
    }
  }
}

EaseChoice choose_ease_lambda(const LinkTask& task, std::span<const double> grid, const EaseOptions& options,
                              ThreadPool& pool) {
  WEFT_CHECK(!grid.empty());
  EaseChoice best;
  best.recall = -1;
  for (const double lambda : grid) {
    const EaseScorer scorer(task.train, task.items, {.lambda = lambda, .max_items = options.max_items});
    const Evaluation result = evaluate(scorer, {.targets = &task.valid_targets, .mask = &task.train},
                                       {.ks = {20}, .auc = false}, pool);
    const double recall = result.at(20).recall;
    if (recall > best.recall) best = {.lambda = lambda, .recall = recall};
  }
  return best;
}

}  // namespace weft::gnn
