#include "gnn/kernels/bfloat16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace weft::gnn {
namespace {

// The nearer of the two neighbours in bfloat16, the even one of two equally near: by distances in double.
BFloat16 nearest(float value) {
  const auto down = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
  const BFloat16 low{down};
  const BFloat16 high{static_cast<std::uint16_t>(down + 1)};  // away from zero
  const double below = std::abs(static_cast<double>(value) - to_float(low));
  const double above = std::isinf(to_float(high))
                           ? std::ldexp(1.0, 128) - std::abs(static_cast<double>(value))
                           : std::abs(static_cast<double>(value) - to_float(high));
  if (below != above) return below < above ? low : high;
  return down % 2 == 0 ? low : high;
}

TEST(BFloat16, RoundsToTheNearestEven) {
  std::mt19937 random(5);
  std::vector<float> values;
  for (int i = 0; i < 20000; ++i) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value)) values.push_back(value);
  }
  for (const std::uint32_t bits :
       {0x3F808000U, 0x3F818000U, 0x3F807FFFU, 0x3F808001U, 0x7F7FFFFFU, 0x80000000U, 1U})
    values.push_back(std::bit_cast<float>(bits));
  std::vector<BFloat16> got(values.size());
  to_bfloat16(values, got);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(got[i].bits, nearest(values[i]).bits) << values[i];
    EXPECT_EQ(got[i], to_bfloat16(values[i]));
  }
  std::vector<float> back(values.size());
  to_float(got, back);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(back[i], to_float(got[i]));
}

TEST(BFloat16, KeepsInfinitiesAndNan) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(to_float(to_bfloat16(infinity)), infinity);
  EXPECT_EQ(to_float(to_bfloat16(-infinity)), -infinity);
  const float tiny_nan = std::bit_cast<float>(0x7F800001U);  // its upper half alone would be infinity
  EXPECT_TRUE(std::isnan(to_float(to_bfloat16(tiny_nan))));
  const std::vector<float> nans(33, tiny_nan);
  std::vector<BFloat16> out(33);
  to_bfloat16(nans, out);
  for (const BFloat16 value : out) EXPECT_TRUE(std::isnan(to_float(value)));
}

}  // namespace
}  // namespace weft::gnn
