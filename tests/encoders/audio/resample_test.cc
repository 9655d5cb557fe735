#include "encoders/audio/resample.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/encoders/media.h"

namespace weft::encoders {
namespace {

double largest_error(const std::vector<float>& got, const std::vector<float>& want) {
  double worst = 0;
  for (std::size_t i = 500; i + 500 < std::min(got.size(), want.size()); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(got[i]) - want[i]));
  }
  return worst;
}

TEST(Resample, ATonesIsTheSameToneAtTheOtherRate) {
  for (const int from : {8'000, 11'025, 22'050, 44'100, 48'000, 12'347}) {
    for (const double hz : {100.0, 1'000.0, 3'000.0}) {
      const std::vector<float> got = resample(sine(hz, from, 0.5), static_cast<std::size_t>(from), 16'000);
      const std::vector<float> want = sine(hz, 16'000, 0.5);
      EXPECT_NEAR(static_cast<double>(got.size()), static_cast<double>(want.size()), 2) << from;
      // The nearest of 1,024 positions for rates without a common divisor: a little less exact.
      EXPECT_LT(largest_error(got, want), 0.003) << from << " " << hz;
    }
  }
}

TEST(Resample, WhatTheLowerRateCannotHoldIsTakenOut) {
  const std::vector<float> got = resample(sine(11'000, 44'100, 0.5), 44'100, 16'000);
  EXPECT_LT(largest_error(got, std::vector<float>(got.size(), 0.0F)), 0.005);
}

TEST(Resample, ConstantsCopiesAndShortSounds) {
  const std::vector<float> constant(3'000, 0.25F);
  EXPECT_LT(largest_error(resample(constant, 44'100, 16'000), constant), 1e-5);
  const std::vector<float> tone = sine(440, 16'000, 0.1);
  EXPECT_EQ(resample(tone, 16'000, 16'000), tone);
  EXPECT_EQ(resample(std::vector<float>{1}, 8'000, 16'000).size(), 2U);
  EXPECT_EQ(resample(std::vector<float>{1}, 48'000, 16'000).size(), 1U);
}

}  // namespace
}  // namespace weft::encoders
