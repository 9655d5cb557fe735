#include "gnn/kernels/spmm.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>

namespace weft::gnn {
namespace {

template <typename Offset>
struct Problem {
  std::vector<Offset> offsets = {0};
  std::vector<std::uint32_t> columns;
  std::vector<float> weights;
  std::vector<float> x;
  std::size_t column_count = 0;
  std::size_t dim = 0;
  SparseRows<Offset> view() const { return {offsets, columns, weights}; }
};

template <typename Offset>
Problem<Offset> random_problem(std::uint32_t seed, std::size_t rows, std::size_t columns, std::size_t dim,
                               bool weighted) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Problem<Offset> p;
  p.column_count = columns;
  p.dim = dim;
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t degree = random() % 9 == 0 ? 0 : random() % 40;
    for (std::size_t e = 0; e < degree; ++e) {
      p.columns.push_back(random() % columns);  // repeats happen and count twice
      if (weighted) p.weights.push_back(uniform(random) + 1.5F);
    }
    p.offsets.push_back(static_cast<Offset>(p.columns.size()));
  }
  p.x.resize(columns * dim);
  for (float& v : p.x) v = uniform(random);
  return p;
}

// The definition, in double.
template <typename Offset>
std::vector<double> naive(const Problem<Offset>& p, Reduce reduce) {
  std::vector<double> out((p.offsets.size() - 1) * p.dim, 0.0);
  for (std::size_t r = 0; r + 1 < p.offsets.size(); ++r) {
    double total = 0;
    for (std::size_t e = p.offsets[r]; e < p.offsets[r + 1]; ++e) {
      const double w = p.weights.empty() ? 1.0 : p.weights[e];
      total += w;
      for (std::size_t d = 0; d < p.dim; ++d) out[r * p.dim + d] += w * p.x[p.columns[e] * p.dim + d];
    }
    if (reduce == Reduce::kMean && total != 0) {
      for (std::size_t d = 0; d < p.dim; ++d) out[r * p.dim + d] /= total;
    }
  }
  return out;
}

template <typename Offset>
class SpmmTest : public testing::Test {};
using Offsets = testing::Types<std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(SpmmTest, Offsets);

TYPED_TEST(SpmmTest, EqualsDefinitionForAllWidths) {
  for (const std::size_t dim : {1, 3, 8, 15, 16, 17, 48, 64, 65, 100, 128, 129, 200, 300}) {
    for (const bool weighted : {false, true}) {
      const auto p = random_problem<TypeParam>(static_cast<std::uint32_t>(dim), 60, 50, dim, weighted);
      for (const Reduce reduce : {Reduce::kSum, Reduce::kMean}) {
        std::vector<float> out(60 * dim, -7.0F);
        spmm(p.view(), p.x, dim, reduce, out, nullptr);
        const auto expected = naive(p, reduce);
        for (std::size_t i = 0; i < out.size(); ++i)
          ASSERT_NEAR(out[i], expected[i], 2e-5) << dim << ' ' << i;
      }
    }
  }
}

TYPED_TEST(SpmmTest, SameBitsForAnyNumberOfThreads) {
  const auto p = random_problem<TypeParam>(3, 3000, 500, 64, true);
  std::vector<float> alone(3000 * 64);
  spmm(p.view(), p.x, 64, Reduce::kMean, alone, nullptr);
  const auto t = transpose(p.view(), 500);
  std::vector<float> grad_alone(500 * 64);
  spmm_grad_x(p.view(), t, alone, 64, Reduce::kMean, grad_alone, nullptr);
  for (const std::size_t threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    std::vector<float> out(alone.size());
    spmm(p.view(), p.x, 64, Reduce::kMean, out, &pool);
    EXPECT_EQ(out, alone) << threads;
    std::vector<float> grad(grad_alone.size());
    spmm_grad_x(p.view(), t, alone, 64, Reduce::kMean, grad, &pool);
    EXPECT_EQ(grad, grad_alone) << threads;
  }
}

TYPED_TEST(SpmmTest, TransposeListsEveryEdgeOnceInOrder) {
  const auto p = random_problem<TypeParam>(4, 80, 30, 1, false);
  const auto t = transpose(p.view(), 30);
  ASSERT_EQ(t.offsets.back(), p.columns.size());
  std::vector<int> seen(p.columns.size(), 0);
  for (std::size_t c = 0; c < 30; ++c) {
    for (std::size_t q = t.offsets[c]; q < t.offsets[c + 1]; ++q) {
      const std::size_t e = t.edges[q];
      ++seen[e];
      EXPECT_EQ(p.columns[e], c);
      EXPECT_TRUE(p.offsets[t.rows[q]] <= e && e < p.offsets[t.rows[q] + 1]);
      EXPECT_TRUE(q == t.offsets[c] || t.edges[q - 1] < e);
    }
  }
  for (const int count : seen) EXPECT_EQ(count, 1);
}

// Central differences of sum(out * grad_out) in double against the analytic gradients.
TYPED_TEST(SpmmTest, GradientsEqualFiniteDifferences) {
  for (const bool weighted : {false, true}) {
    for (const Reduce reduce : {Reduce::kSum, Reduce::kMean}) {
      const std::size_t dim = 19;
      auto p = random_problem<TypeParam>(weighted ? 7 : 8, 12, 9, dim, weighted);
      std::mt19937 random(9);
      std::uniform_real_distribution<float> uniform(-1, 1);
      std::vector<float> grad_out(12 * dim);
      for (float& v : grad_out) v = uniform(random);
      const auto objective = [&] {
        const auto out = naive(p, reduce);
        double sum = 0;
        for (std::size_t i = 0; i < out.size(); ++i) sum += out[i] * grad_out[i];
        return sum;
      };
      const auto slope = [&](float& value) {
        const float kept = value;
        value = kept + 0.01F;
        const double up = objective();
        const float high = value;
        value = kept - 0.01F;
        const double down = objective();
        const double step = static_cast<double>(high) - value;
        value = kept;
        return (up - down) / step;
      };
      std::vector<float> grad_x(p.x.size());
      spmm_grad_x(p.view(), transpose(p.view(), 9), grad_out, dim, reduce, grad_x, nullptr);
      for (std::size_t i = 0; i < p.x.size(); ++i) ASSERT_NEAR(grad_x[i], slope(p.x[i]), 1e-4);
      if (!weighted) continue;
      std::vector<float> out(12 * dim);
      spmm(p.view(), p.x, dim, reduce, out, nullptr);
      std::vector<float> grad_weights(p.weights.size());
      spmm_grad_weights(p.view(), p.x, out, grad_out, dim, reduce, grad_weights, nullptr);
      for (std::size_t e = 0; e < p.weights.size(); ++e)
        ASSERT_NEAR(grad_weights[e], slope(p.weights[e]), 1e-3);
    }
  }
}

}  // namespace
}  // namespace weft::gnn
