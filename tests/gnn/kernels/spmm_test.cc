#include "gnn/kernels/spmm.h"

#include <gtest/gtest.h>

#include <cmath>
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
  std::size_t heads = 1;
  SparseRows<Offset> view() const { return {offsets, columns, weights, heads}; }
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

// The shapes that go wrong: no row, no column used, one row, one row that holds nearly all edges, and columns
// that go on past the last row.
template <typename Offset>
std::vector<Problem<Offset>> odd_problems(std::size_t dim, bool weighted) {
  std::vector<Problem<Offset>> odd;
  odd.push_back(random_problem<Offset>(21, 0, 5, dim, weighted));
  odd.push_back(random_problem<Offset>(22, 1, 1, dim, weighted));
  auto empty = random_problem<Offset>(23, 0, 3, dim, weighted);
  empty.offsets.assign(8, 0);
  odd.push_back(empty);
  auto long_row = random_problem<Offset>(24, 3, 40, dim, weighted);
  std::mt19937 random(25);
  for (int e = 0; e < 20000; ++e) {
    long_row.columns.push_back(random() % 40);
    if (weighted) long_row.weights.push_back(0.5F + static_cast<float>(random() % 100) / 100);
  }
  long_row.offsets.push_back(static_cast<Offset>(long_row.columns.size()));
  for (int r = 0; r < 5; ++r) long_row.offsets.push_back(long_row.offsets.back());
  odd.push_back(long_row);
  auto padded = random_problem<Offset>(26, 9, 7, dim, weighted);
  for (int e = 0; e < 30; ++e) {
    padded.columns.push_back(random() % 7);
    if (weighted) padded.weights.push_back(3);
  }
  odd.push_back(padded);
  // Multiples of 1/8 below 2: sums of as many as here are exact in float32.
  for (auto& p : odd) {
    for (float& v : p.x) v = std::round(8 * v) / 8;
    for (float& w : p.weights) w = std::round(8 * w) / 8;
  }
  return odd;
}

// The definition, in double.
template <typename Offset>
std::vector<double> naive(const Problem<Offset>& p, Reduce reduce) {
  std::vector<double> out((p.offsets.size() - 1) * p.dim, 0.0);
  for (std::size_t r = 0; r + 1 < p.offsets.size(); ++r) {
    double total = 0;
    for (std::size_t e = p.offsets[r]; e < p.offsets[r + 1]; ++e) {
      total += p.weights.empty() ? 1.0 : p.weights[e * p.heads];
      for (std::size_t d = 0; d < p.dim; ++d) {
        const double w = p.weights.empty() ? 1.0 : p.weights[e * p.heads + d / (p.dim / p.heads)];
        out[r * p.dim + d] += w * p.x[p.columns[e] * p.dim + d];
      }
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

TYPED_TEST(SpmmTest, OddShapes) {
  ThreadPool pool(3);
  for (const std::size_t dim : {1, 64, 70}) {
    for (const bool weighted : {false, true}) {
      for (const Reduce reduce : {Reduce::kSum, Reduce::kMean}) {
        for (const auto& p : odd_problems<TypeParam>(dim, weighted)) {
          const std::size_t rows = p.offsets.size() - 1;
          std::vector<float> out(rows * dim, -7.0F);
          spmm(p.view(), p.x, dim, reduce, out, &pool);
          const auto expected = naive(p, reduce);
          for (std::size_t i = 0; i < out.size(); ++i) {
            ASSERT_NEAR(out[i], expected[i], 1e-6 * (1 + std::abs(expected[i])))
                << dim << ' ' << rows << ' ' << i;
          }
          // The gradient of sum(out) is every column's sum of weights.
          const std::vector<float> ones(out.size(), 1.0F);
          std::vector<float> grad(p.column_count * dim, -7.0F);
          spmm_grad_x(p.view(), transpose(p.view(), p.column_count), ones, dim, Reduce::kSum, grad, &pool);
          std::vector<double> sums(p.column_count, 0.0);
          for (std::size_t e = 0; e < p.offsets.back(); ++e)
            sums[p.columns[e]] += weighted ? p.weights[e] : 1.0;
          for (std::size_t i = 0; i < grad.size(); ++i)
            ASSERT_NEAR(grad[i], sums[i / dim], 1e-4 * (1 + sums[i / dim]));
        }
      }
    }
  }
}

TYPED_TEST(SpmmTest, AMeanByNextToNoWeightIsFinite) {
  const std::vector<TypeParam> offsets{0, 1, 2};
  const std::vector<std::uint32_t> columns{0, 1};
  const std::vector<float> weights{8e-40F, 1e-3F};
  const std::vector<float> x{1, 0, 2, 3};
  std::vector<float> out(4, -1);
  const SparseRows<TypeParam> a{.offsets = offsets, .columns = columns, .weights = weights};
  spmm(a, x, 2, Reduce::kMean, std::span<float>(out), nullptr);
  EXPECT_GE(out[0], 0);
  EXPECT_LT(out[0], 1e-20F);
  EXPECT_EQ(out[1], 0);
  EXPECT_FLOAT_EQ(out[2], 2);
  EXPECT_FLOAT_EQ(out[3], 3);
}

TYPED_TEST(SpmmTest, HeadsHaveWeightsOfTheirOwn) {
  for (const auto& [heads, dim] : {std::pair<std::size_t, std::size_t>{2, 64}, {4, 64}, {8, 24}, {3, 603}}) {
    auto p = random_problem<TypeParam>(static_cast<std::uint32_t>(dim), 40, 30, dim, true);
    std::mt19937 random(31);
    p.heads = heads;
    p.weights.resize(p.columns.size() * heads);
    for (float& w : p.weights) w = static_cast<float>(random() % 1000) / 500 - 1;
    std::vector<float> out(40 * dim);
    spmm(p.view(), p.x, dim, Reduce::kSum, out, nullptr);
    const auto expected = naive(p, Reduce::kSum);
    for (std::size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected[i], 5e-5);
    // Both gradients by their definitions, with grad_out = out.
    std::vector<double> grad_x(p.x.size(), 0.0), grad_weights(p.weights.size(), 0.0);
    const std::size_t part = dim / heads;
    for (std::size_t r = 0; r < 40; ++r) {
      for (std::size_t e = p.offsets[r]; e < p.offsets[r + 1]; ++e) {
        for (std::size_t d = 0; d < dim; ++d) {
          const std::size_t at = p.columns[e] * dim + d;
          grad_x[at] += static_cast<double>(p.weights[e * heads + d / part]) * out[r * dim + d];
          grad_weights[e * heads + d / part] += static_cast<double>(p.x[at]) * out[r * dim + d];
        }
      }
    }
    std::vector<float> got_x(p.x.size()), got_weights(p.weights.size());
    spmm_grad_x(p.view(), transpose(p.view(), 30), out, dim, Reduce::kSum, got_x, nullptr);
    spmm_grad_weights(p.view(), p.x, {}, out, dim, Reduce::kSum, got_weights, nullptr);
    for (std::size_t i = 0; i < got_x.size(); ++i) ASSERT_NEAR(got_x[i], grad_x[i], 1e-3);
    for (std::size_t i = 0; i < got_weights.size(); ++i) ASSERT_NEAR(got_weights[i], grad_weights[i], 5e-3);
  }
}

// What is stored is rounded; what is summed is not: a bfloat16 result is the float32 sum of the stored
// numbers, rounded once.
TYPED_TEST(SpmmTest, BFloat16IsStorageAlone) {
  for (const std::size_t dim : {1, 15, 16, 31, 64, 100, 160}) {
    for (const bool weighted : {false, true}) {
      for (const Reduce reduce : {Reduce::kSum, Reduce::kMean}) {
        auto p = random_problem<TypeParam>(static_cast<std::uint32_t>(dim), 50, 40, dim, weighted);
        std::vector<BFloat16> stored(p.x.size());
        to_bfloat16(p.x, stored);
        to_float(stored, p.x);  // from here on both hold the same numbers
        std::vector<float> expected(50 * dim), out(50 * dim);
        spmm(p.view(), p.x, dim, reduce, expected, nullptr);
        spmm(p.view(), std::span<const BFloat16>(stored), dim, reduce, std::span<float>(out), nullptr);
        EXPECT_EQ(out, expected) << dim;
        std::vector<BFloat16> rounded(out.size()), out_stored(out.size());
        to_bfloat16(expected, rounded);
        spmm(p.view(), std::span<const BFloat16>(stored), dim, reduce, std::span<BFloat16>(out_stored),
             nullptr);
        EXPECT_EQ(out_stored, rounded) << dim;
        const auto t = transpose(p.view(), 40);
        std::vector<float> grad(40 * dim), grad_out(rounded.size());
        to_float(rounded, grad_out);
        spmm_grad_x(p.view(), t, grad_out, dim, reduce, grad, nullptr);
        std::vector<BFloat16> grad_rounded(grad.size()), from_float(grad.size()), from_stored(grad.size());
        to_bfloat16(grad, grad_rounded);
        spmm_grad_x(p.view(), t, std::span<const float>(grad_out), dim, reduce,
                    std::span<BFloat16>(from_float), nullptr);
        spmm_grad_x(p.view(), t, std::span<const BFloat16>(rounded), dim, reduce,
                    std::span<BFloat16>(from_stored), nullptr);
        EXPECT_EQ(from_float, grad_rounded) << dim;
        EXPECT_EQ(from_stored, grad_rounded) << dim;
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
