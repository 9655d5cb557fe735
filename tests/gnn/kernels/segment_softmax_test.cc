#include "gnn/kernels/segment_softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace weft::gnn {
namespace {

template <typename Offset>
struct Rows {
  std::vector<Offset> offsets = {0};
  std::size_t edges = 0;  // offsets.back(), or more: padding
};

// Random rows with empty ones among them; no row; one row; one very long row; padding after the last row.
template <typename Offset>
std::vector<Rows<Offset>> shapes() {
  std::mt19937 random(1);
  std::vector<Rows<Offset>> all(5);
  const auto add = [](Rows<Offset>& rows, std::size_t degree) {
    rows.edges += degree;
    rows.offsets.push_back(static_cast<Offset>(rows.edges));
  };
  for (int r = 0; r < 300; ++r) add(all[0], random() % 4 == 0 ? 0 : random() % 50);
  add(all[2], 1);
  add(all[3], 3);
  add(all[3], 30000);
  add(all[3], 0);
  for (int r = 0; r < 20; ++r) add(all[4], random() % 5);
  all[4].edges += 17;
  return all;
}

std::vector<float> random_values(std::size_t n, float scale, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> values(n);
  for (float& v : values) v = normal(random);
  return values;
}

// The definition, in double; entries outside of all rows keep `start`.
template <typename Offset>
std::vector<double> naive(const Rows<Offset>& rows, std::size_t heads, const std::vector<float>& scores,
                          double start) {
  std::vector<double> out(scores.size(), start);
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    for (std::size_t h = 0; h < heads; ++h) {
      double largest = -INFINITY;
      double sum = 0;
      for (std::size_t e = rows.offsets[r]; e < rows.offsets[r + 1]; ++e)
        largest = std::max<double>(largest, scores[e * heads + h]);
      for (std::size_t e = rows.offsets[r]; e < rows.offsets[r + 1]; ++e)
        sum += std::exp(scores[e * heads + h] - largest);
      for (std::size_t e = rows.offsets[r]; e < rows.offsets[r + 1]; ++e)
        out[e * heads + h] = std::exp(scores[e * heads + h] - largest) / sum;
    }
  }
  return out;
}

template <typename Offset>
class SegmentSoftmaxTest : public testing::Test {};
using Offsets = testing::Types<std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(SegmentSoftmaxTest, Offsets);

TYPED_TEST(SegmentSoftmaxTest, EqualsDefinitionForAnyShapeAndNumberOfThreads) {
  ThreadPool pool(3);
  for (const auto& rows : shapes<TypeParam>()) {
    for (const std::size_t heads : {1, 2, 4, 7, 16}) {
      for (const float scale : {1.0F, 60.0F}) {
        const auto scores = random_values(rows.edges * heads, scale, 2);
        std::vector<float> out(scores.size(), -7.0F), alone(scores.size(), -7.0F);
        const std::span<const TypeParam> offsets(rows.offsets);
        segment_softmax(offsets, heads, scores, out, &pool);
        segment_softmax(offsets, heads, scores, alone, nullptr);
        EXPECT_EQ(out, alone);
        const auto expected = naive(rows, heads, scores, -7.0);
        for (std::size_t i = 0; i < out.size(); ++i)
          ASSERT_NEAR(out[i], expected[i], 1e-9 + 5e-5 * std::abs(expected[i])) << heads << ' ' << i;
      }
    }
  }
}

TYPED_TEST(SegmentSoftmaxTest, LargeScoresDoNotOverflow) {
  const std::vector<TypeParam> offsets = {0, 3, 5};
  const std::vector<float> scores = {3e38F, -3e38F, 3e38F, -INFINITY, -1e30F};
  std::vector<float> out(5);
  segment_softmax(std::span<const TypeParam>(offsets), 1, scores, out, nullptr);
  EXPECT_EQ(out, (std::vector<float>{0.5F, 0, 0.5F, 0, 1}));
}

// Two edges, one of them 0: the other's share over the first one's is exp of its score.
TYPED_TEST(SegmentSoftmaxTest, ExpIsWithinItsStatedError) {
  const std::vector<TypeParam> offsets{0, 2};
  for (int i = 0; i <= 40'000; ++i) {
    const float x = -86.9F * static_cast<float>(i) / 40'000;
    const std::vector<float> scores{0, x};
    std::vector<float> out(2);
    segment_softmax(std::span<const TypeParam>(offsets), 1, scores, out, nullptr);
    const double wanted = std::exp(static_cast<double>(x));
    const double got = static_cast<double>(out[1]) / out[0];
    ASSERT_NEAR(got / wanted, 1, 6e-7) << x;  // exp itself 3e-7, and two roundings
  }
}

TYPED_TEST(SegmentSoftmaxTest, MaskedEdgesHaveNoShareAndNaNShows) {
  constexpr float kMasked = -std::numeric_limits<float>::infinity();
  const std::vector<TypeParam> offsets{0, 2, 4, 6};
  const std::vector<float> scores{kMasked, 1, kMasked, kMasked, 0, std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> out(6, -1);
  segment_softmax(std::span<const TypeParam>(offsets), 1, scores, out, nullptr);
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[1], 1);
  EXPECT_EQ(out[2], 0);
  EXPECT_EQ(out[3], 0);
  EXPECT_TRUE(std::isnan(out[5]));
}

TYPED_TEST(SegmentSoftmaxTest, GradientEqualsFiniteDifferences) {
  for (const std::size_t heads : {1, 3}) {
    Rows<TypeParam> rows;
    for (const std::size_t degree : {4, 0, 1, 6}) {
      rows.edges += degree;
      rows.offsets.push_back(static_cast<TypeParam>(rows.edges));
    }
    auto scores = random_values(rows.edges * heads, 1, 3);
    const auto grad_out = random_values(scores.size(), 1, 4);
    std::vector<float> out(scores.size()), grad(scores.size());
    const std::span<const TypeParam> offsets(rows.offsets);
    segment_softmax(offsets, heads, scores, out, nullptr);
    segment_softmax_grad(offsets, heads, out, grad_out, grad, nullptr);
    const auto objective = [&] {
      const auto values = naive(rows, heads, scores, 0);
      double sum = 0;
      for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * grad_out[i];
      return sum;
    };
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const float kept = scores[i];
      scores[i] = kept + 0.01F;
      const double up = objective(), high = scores[i];
      scores[i] = kept - 0.01F;
      const double down = objective(), low = scores[i];
      scores[i] = kept;
      EXPECT_NEAR(grad[i], (up - down) / (high - low), 1e-4);
    }
    std::vector<float> in_place = grad_out;
    segment_softmax_grad(offsets, heads, out, in_place, in_place, nullptr);
    EXPECT_EQ(in_place, grad);
  }
}

}  // namespace
}  // namespace weft::gnn
