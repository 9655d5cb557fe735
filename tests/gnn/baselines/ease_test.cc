#include "gnn/baselines/ease.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "tests/gnn/evaluation/random_pairs.h"

namespace weft::gnn {
namespace {

using graph::NodeId;

// The inverse by Gauss-Jordan elimination with pivoting.
std::vector<double> inverse_of(std::vector<double> a, std::size_t n) {
  std::vector<double> b(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) b[i * n + i] = 1;
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t pivot = c;
    for (std::size_t r = c; r < n; ++r) {
      if (std::abs(a[r * n + c]) > std::abs(a[pivot * n + c])) pivot = r;
    }
    for (std::size_t k = 0; k < n; ++k) {
      std::swap(a[c * n + k], a[pivot * n + k]);
      std::swap(b[c * n + k], b[pivot * n + k]);
    }
    const double scale = a[c * n + c];
    for (std::size_t k = 0; k < n; ++k) {
      a[c * n + k] /= scale;
      b[c * n + k] /= scale;
    }
    for (std::size_t r = 0; r < n; ++r) {
      const double factor = a[r * n + c];
      if (r == c || factor == 0) continue;
      for (std::size_t k = 0; k < n; ++k) {
        a[r * n + k] -= factor * a[c * n + k];
        b[r * n + k] -= factor * b[c * n + k];
      }
    }
  }
  return b;
}

TEST(Ease, EqualsTheFormula) {
  std::mt19937 random(3);
  const std::size_t users = 50, n = 30;
  const Pairs pairs = random_pairs(random, users, n, 0.2);
  const graph::PositiveIndex index = index_of(pairs, users);
  const EaseScorer scorer(index, n, {.lambda = 3.5});
  std::vector<double> gram(n * n, 0.0);
  for (NodeId i = 0; i < n; ++i) {
    for (NodeId j = 0; j < n; ++j) {
      for (NodeId u = 0; u < users; ++u)
        gram[i * n + j] += pairs.contains({u, i}) && pairs.contains({u, j}) ? 1 : 0;
    }
    gram[i * n + i] += 3.5;
  }
  const auto p = inverse_of(gram, n);
  std::vector<NodeId> asked(users);
  std::iota(asked.begin(), asked.end(), 0U);
  std::vector<float> out(users * n);
  scorer.score(asked, out);
  for (NodeId u = 0; u < users; ++u) {
    for (std::size_t j = 0; j < n; ++j) {
      double expected = 0;
      for (std::size_t i = 0; i < n; ++i) {
        if (i != j && pairs.contains({u, static_cast<NodeId>(i)})) expected -= p[i * n + j] / p[j * n + j];
      }
      ASSERT_NEAR(out[u * n + j], expected, 1e-5);
    }
  }
}

TEST(Ease, TooManyItemsIsAnErrorAndNotAnAllocation) {
  const graph::PositiveIndex index = index_of({{0, 1}}, 1);
  EXPECT_THROW(EaseScorer(index, 1U << 31, {}), Error);
}

TEST(Ease, LambdaIsChosenOnTheValidationPart) {
  std::mt19937 random(5);
  const std::size_t users = 60, items = 40;
  // Two tastes: users like items of their own half.
  Pairs train, valid;
  for (NodeId u = 0; u < users; ++u) {
    for (NodeId i = 0; i < items; ++i) {
      const bool own = (u % 2) == (i % 2);
      const double draw = std::uniform_real_distribution<double>()(random);
      if (draw < (own ? 0.3 : 0.03))
        train.insert({u, i});
      else if (own && draw > 0.9)
        valid.insert({u, i});
    }
  }
  LinkTask task{.users = users, .items = items};
  task.train = index_of(train, users);
  task.valid_targets = index_of(valid, users);
  ThreadPool pool(2);
  const std::vector<double> grid = {1, 20, 400};
  const EaseChoice choice = choose_ease_lambda(task, grid, {}, pool);
  double best = -1, best_lambda = 0;
  for (const double lambda : grid) {
    const double recall = evaluate(EaseScorer(task.train, items, {.lambda = lambda}),
                                   {.targets = &task.valid_targets, .mask = &task.train}, {.ks = {20}}, pool)
                              .at(20)
                              .recall;
    if (recall > best) {
      best = recall;
      best_lambda = lambda;
    }
  }
  EXPECT_EQ(choice.lambda, best_lambda);
  EXPECT_EQ(choice.recall, best);
  EXPECT_GT(choice.recall, 0.6);
}

}  // namespace
}  // namespace weft::gnn
