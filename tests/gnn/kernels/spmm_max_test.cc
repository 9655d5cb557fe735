#include "gnn/kernels/spmm_max.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace weft::gnn {
namespace {

template <typename Offset>
struct Problem {
  std::vector<Offset> offsets = {0};
  std::vector<std::uint32_t> columns = {};
  std::vector<float> weights = {};
  std::vector<float> x = {};
  std::size_t senders = 9, dim = 0;
  SparseRows<Offset> view() const { return {offsets, columns, weights}; }
};

// `degrees` of the rows, then `padding` edges of no row. Numbers are few, so that ties are common.
template <typename Offset>
Problem<Offset> problem(const std::vector<std::size_t>& degrees, std::size_t padding, std::size_t dim,
                        bool weighted) {
  std::mt19937 random(static_cast<std::uint32_t>(dim + degrees.size()));
  Problem<Offset> p;
  p.dim = dim;
  const auto add = [&](std::size_t edges) {
    for (std::size_t e = 0; e < edges; ++e) {
      p.columns.push_back(random() % p.senders);
      if (weighted) p.weights.push_back(static_cast<float>(random() % 5) - 2);
    }
  };
  for (const std::size_t degree : degrees) {
    add(degree);
    p.offsets.push_back(static_cast<Offset>(p.columns.size()));
  }
  add(padding);
  for (std::size_t i = 0; i < p.senders * dim; ++i) p.x.push_back(static_cast<float>(random() % 9) - 4);
  return p;
}

template <typename Offset>
class SpmmMaxTest : public testing::Test {};
using Offsets = testing::Types<std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(SpmmMaxTest, Offsets);

TYPED_TEST(SpmmMaxTest, ValuesWinnersAndGradientsEqualLoops) {
  ThreadPool pool(3);
  const std::vector<std::vector<std::size_t>> shapes = {
      {}, {0, 0}, {1}, {3, 0, 7, 2, 1, 0, 20}, {4, 20000, 0, 5}};
  for (const auto& degrees : shapes) {
    for (const std::size_t dim : {1, 7, 16, 64, 65}) {
      for (const bool weighted : {false, true}) {
        const auto p = problem<TypeParam>(degrees, 6, dim, weighted);
        const std::size_t size = degrees.size() * dim;
        std::vector<float> out(size, -7.0F);
        std::vector<std::uint32_t> winners(size);
        spmm_max(p.view(), p.x, dim, out, winners, &pool);
        std::vector<float> grad_out(size);
        for (std::size_t i = 0; i < size; ++i) grad_out[i] = static_cast<float>(i % 11) - 5;
        std::vector<float> expected_x(p.x.size(), 0.0F), expected_weights(p.weights.size(), 0.0F);
        for (std::size_t i = 0; i < size; ++i) {
          std::uint32_t winner = kNoEdge;
          float best = 0;
          for (std::size_t e = p.offsets[i / dim]; e < p.offsets[i / dim + 1]; ++e) {
            const float value = (weighted ? p.weights[e] : 1) * p.x[p.columns[e] * dim + i % dim];
            if (winner == kNoEdge || value > best) {
              best = value;
              winner = static_cast<std::uint32_t>(e);
            }
          }
          ASSERT_EQ(out[i], best);
          ASSERT_EQ(winners[i], winner);
          if (winner == kNoEdge) continue;
          const std::size_t at = p.columns[winner] * dim + i % dim;
          expected_x[at] += (weighted ? p.weights[winner] : 1) * grad_out[i];
          if (weighted) expected_weights[winner] += p.x[at] * grad_out[i];
        }
        // Small whole numbers: sums are exact in any order.
        std::vector<float> grad_x(p.x.size(), -7.0F);
        spmm_max_grad_x(p.view(), transpose(p.view(), p.senders), winners, grad_out, dim, grad_x, &pool);
        EXPECT_EQ(grad_x, expected_x);
        if (!weighted) continue;
        std::vector<float> grad_weights(p.weights.size(), -7.0F);
        spmm_max_grad_weights(p.view(), p.x, winners, grad_out, dim, grad_weights, &pool);
        EXPECT_EQ(grad_weights, expected_weights);
      }
    }
  }
}

TYPED_TEST(SpmmMaxTest, NaNIsTheLargestWhereverItStands) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x{1, nan, 3};
  for (const std::vector<std::uint32_t>& columns :
       {std::vector<std::uint32_t>{1, 0, 2}, {0, 1, 2}, {0, 2, 1}}) {
    const std::vector<TypeParam> offsets{0, 3};
    std::vector<float> out(1);
    std::vector<std::uint32_t> winners(1);
    spmm_max(SparseRows<TypeParam>{.offsets = offsets, .columns = columns}, x, 1, out, winners, nullptr);
    EXPECT_TRUE(std::isnan(out[0]));
    EXPECT_EQ(columns[winners[0]], 1U);
  }
}

}  // namespace
}  // namespace weft::gnn
