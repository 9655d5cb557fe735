#include "tools/synth/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <vector>

namespace weft::synth {
namespace {

TEST(Mix64, IsSplitmix64) {
  // The published splitmix64 from state 0: first outputs of mix(state += golden gamma).
  EXPECT_EQ(mix64(0x9e3779b97f4a7c15ULL), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(mix64(2 * 0x9e3779b97f4a7c15ULL), 0x6e789e6aa1b965f4ULL);
}

TEST(Stream, IsNamedByAllItsParts) {
  std::set<std::uint64_t> firsts;
  for (const std::uint64_t seed : {1, 2}) {
    for (const Purpose purpose : {Purpose::kItem, Purpose::kUser}) {
      for (const std::uint64_t index : {0, 1}) {
        for (const std::uint64_t part : {0, 1}) firsts.insert(Stream(seed, purpose, index, part).bits());
      }
    }
  }
  EXPECT_EQ(firsts.size(), 16U);
  EXPECT_EQ(Stream(7, Purpose::kItem, 3).bits(), Stream(7, Purpose::kItem, 3).bits());
}

// Means of 100,000 draws: five standard errors, so a false alarm in about two million runs of each.
TEST(Stream, DistributionsHaveTheirMoments) {
  Stream random(1, Purpose::kItem, 0);
  constexpr int kDraws = 100000;
  double uniform = 0, normal = 0, normal2 = 0, exponential = 0, poisson = 0, poisson2 = 0;
  for (int n = 0; n < kDraws; ++n) {
    const double u = random.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    uniform += u / kDraws;
    const double z = random.normal();
    normal += z / kDraws;
    normal2 += z * z / kDraws;
    exponential += random.exponential() / kDraws;
    const auto p = static_cast<double>(random.poisson(3));
    poisson += p / kDraws;
    poisson2 += p * p / kDraws;
  }
  const double error = 5 / std::sqrt(static_cast<double>(kDraws));
  EXPECT_NEAR(uniform, 0.5, error * std::sqrt(1.0 / 12));
  EXPECT_NEAR(normal, 0, error);
  EXPECT_NEAR(normal2, 1, error * std::sqrt(2.0));
  EXPECT_NEAR(exponential, 1, error);
  EXPECT_NEAR(poisson, 3, error * std::sqrt(3.0));
  EXPECT_NEAR(poisson2 - poisson * poisson, 3, 0.25);
}

TEST(Stream, DrawsByWeightAndNeverAWeightOfZero) {
  Stream random(1, Purpose::kItem, 0);
  const std::array<double, 5> sums = {0, 1, 1, 4, 4};  // weights 0 1 0 3 0
  std::array<int, 5> counts{};
  for (int n = 0; n < 40000; ++n) ++counts[random.by_running_sums(sums)];
  EXPECT_EQ(counts[0] + counts[2] + counts[4], 0);
  EXPECT_NEAR(counts[1], 10000, 5 * std::sqrt(40000 * 0.25 * 0.75));
}

TEST(Permutation, IsABijectionThatFollowsTheSeed) {
  for (const std::uint64_t size : {1, 2, 3, 10, 64, 1000}) {
    const Permutation permutation(5, Purpose::kUserIds, size);
    std::set<std::uint64_t> images;
    for (std::uint64_t i = 0; i < size; ++i) images.insert(permutation(i));
    EXPECT_EQ(images.size(), size);
    EXPECT_EQ(*images.rbegin(), size - 1);
  }
  const Permutation a(5, Purpose::kUserIds, 1000), b(6, Purpose::kUserIds, 1000);
  int equal = 0, ascending = 0;
  for (std::uint64_t i = 0; i + 1 < 1000; ++i) {
    equal += a(i) == b(i) ? 1 : 0;
    ascending += a(i) < a(i + 1) ? 1 : 0;
  }
  EXPECT_LT(equal, 10);
  EXPECT_NEAR(ascending, 500, 100);  // no order shows
}

}  // namespace
}  // namespace weft::synth
