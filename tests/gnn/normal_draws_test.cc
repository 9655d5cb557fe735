#include "gnn/normal_draws.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace weft::gnn {
namespace {

TEST(NormalDraws, HaveTheirMeanDeviationAndTails) {
  std::vector<float> values(400'001);
  fill_normal(values, 0.5, 7, 1);
  double sum = 0, squares = 0;
  std::size_t beyond_two = 0;
  for (const float v : values) {
    sum += v;
    squares += double{v} * v;
    beyond_two += std::abs(v) > 1 ? 1 : 0;
  }
  const auto n = static_cast<double>(values.size());
  // Five deviations of each figure: a false alarm in some millions.
  EXPECT_NEAR(sum / n, 0, 5 * 0.5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 0.25, 5 * 0.25 * std::sqrt(2 / n));
  EXPECT_NEAR(static_cast<double>(beyond_two) / n, 0.0455, 5 * std::sqrt(0.0455 / n));
}

TEST(NormalDraws, DependOnSeedPurposeAndPlaceAlone) {
  std::vector<float> values(10), longer(23), other_seed(10), other_purpose(10);
  fill_normal(values, 1, 7, 1);
  fill_normal(longer, 1, 7, 1);
  fill_normal(other_seed, 1, 8, 1);
  fill_normal(other_purpose, 1, 7, 2);
  EXPECT_EQ(values, std::vector<float>(longer.begin(), longer.begin() + 10));
  EXPECT_NE(values, other_seed);
  EXPECT_NE(values, other_purpose);
}

}  // namespace
}  // namespace weft::gnn
