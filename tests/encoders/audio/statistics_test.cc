#include "encoders/audio/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace weft::encoders {
namespace {

TEST(Statistics, MeanDeviationAndPercentiles) {
  std::vector<float> values = {4, 1, 3, 2, 5};
  EXPECT_FLOAT_EQ(mean_and_deviation(values).mean, 3);
  EXPECT_FLOAT_EQ(mean_and_deviation(values).deviation, std::sqrt(2.0F));
  EXPECT_EQ(percentile(values, 0), 1);
  EXPECT_EQ(percentile(values, 0.5), 3);
  EXPECT_EQ(percentile(values, 0.75), 4);
  EXPECT_EQ(percentile(values, 1), 5);
  EXPECT_EQ(mean_and_deviation({}).mean, 0);
}

TEST(Statistics, DeltasOfARampAreItsSlope) {
  DenseMatrix rows(7, 2);
  for (std::size_t i = 0; i < 7; ++i) {
    rows.row(i)[0] = 3 * static_cast<float>(i);
    rows.row(i)[1] = 5;
  }
  const DenseMatrix d = deltas(rows);
  EXPECT_FLOAT_EQ(d.row(3)[0], 3);
  EXPECT_FLOAT_EQ(d.row(0)[0], (3 + 2 * 6) / 10.0F);  // ends repeated
  EXPECT_FLOAT_EQ(d.row(3)[1], 0);
  EXPECT_EQ(column(rows, 0, 2, 5), (std::vector<float>{6, 9, 12}));
}

TEST(Statistics, AutocorrelationFindsThePeriodAndHasNoneOfAConstant) {
  std::vector<float> pulses(200, 0.0F);
  for (std::size_t i = 0; i < 200; i += 25) pulses[i] = 1;
  const std::vector<float> r = autocorrelation(pulses, 60);
  EXPECT_FLOAT_EQ(r[0], 1);
  EXPECT_EQ(std::max_element(r.begin() + 5, r.end()) - r.begin(), 25);
  EXPECT_GT(r[25], 0.8F);
  EXPECT_EQ(autocorrelation(std::vector<float>(50, 2.0F), 10), std::vector<float>(11, 0.0F));
  EXPECT_EQ(autocorrelation(std::vector<float>{1, 2}, 4)[3], 0);
}

}  // namespace
}  // namespace weft::encoders
