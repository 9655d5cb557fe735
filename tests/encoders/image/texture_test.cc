#include "encoders/image/texture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <map>
#include <numbers>
#include <random>

namespace weft::encoders {
namespace {

Plane wave(double fx, double fy) {
  Plane plane(kPixels);
  for (std::size_t i = 0; i < kPixels; ++i) {
    const double phase = 2 * std::numbers::pi *
                         (fx * static_cast<double>(i % kSide) + fy * static_cast<double>(i / kSide)) / kSide;
    plane[i] = static_cast<float>(50 + 30 * std::sin(phase));
  }
  return plane;
}

Plane noise(std::uint32_t seed) {
  std::mt19937 random(seed);
  Plane plane(kPixels);
  for (float& v : plane) v = static_cast<float>(random() % 100);
  return plane;
}

std::size_t argmax(const std::vector<float>& values, std::size_t begin, std::size_t end) {
  return static_cast<std::size_t>(std::max_element(values.begin() + static_cast<std::ptrdiff_t>(begin),
                                                   values.begin() + static_cast<std::ptrdiff_t>(end)) -
                                  values.begin()) -
         begin;
}

TEST(Spectrum, BandsHoldThePowerOfThePlainTransform) {
  const Plane plane = noise(3);
  const std::vector<float> got = spectrum_bands(plane);
  std::vector<double> hann(kSide);
  for (std::size_t i = 0; i < kSide; ++i) {
    hann[i] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / kSide);
  }
  double mean = 0;
  for (const float v : plane) mean += v / kPixels;
  std::vector<double> bands(kRadialBands, 0.0);
  double total = 1e-3;
  for (int fy = -31; fy < 32; ++fy) {
    for (int fx = 0; fx < 32; ++fx) {
      const double radius = std::hypot(fx, fy);
      if (radius < 1 || radius >= 32) continue;
      std::complex<double> sum = 0;
      for (std::size_t y = 0; y < kSide; ++y) {
        for (std::size_t x = 0; x < kSide; ++x) {
          const double angle =
              -2 * std::numbers::pi * (fx * static_cast<double>(x) + fy * static_cast<double>(y)) / kSide;
          sum += std::polar((plane[y * kSide + x] - mean) * hann[x] * hann[y], angle);
        }
      }
      bands[static_cast<std::size_t>(std::log(radius) / std::log(32.0) * kRadialBands)] += std::norm(sum);
      total += std::norm(sum);
    }
  }
  for (std::size_t b = 0; b < kRadialBands; ++b)
    EXPECT_NEAR(got[b], std::log(bands[b] / total + 1e-4), 1e-3) << b;
}

TEST(Spectrum, AWaveIsInItsRingAndSector) {
  for (const auto& [fx, fy, sector] :
       {std::tuple<double, double, std::size_t>{12, 0, 0}, {0, 12, 4}, {9, 9, 2}, {9, -9, 6}}) {
    const std::vector<float> bands = spectrum_bands(wave(fx, fy));
    EXPECT_EQ(argmax(bands, 0, kRadialBands),
              static_cast<std::size_t>(std::log(std::hypot(fx, fy)) / std::log(32.0) * kRadialBands));
    EXPECT_EQ(argmax(bands, kRadialBands, bands.size()) % kSectors, sector) << fx << "," << fy;
  }
}

TEST(Gradients, ARampHasItsSlopeAndDirection) {
  for (const auto& [dx, dy] : {std::pair<float, float>{2, 0}, {0, 3}, {-1, -1}, {1.5F, -2}}) {
    Plane ramp(kPixels);
    for (std::size_t i = 0; i < kPixels; ++i)
      ramp[i] = dx * static_cast<float>(i % kSide) + dy * static_cast<float>(i / kSide);
    const Gradients g = find_gradients(ramp);
    const std::size_t middle = 30 * kSide + 30;
    EXPECT_NEAR(g.strength[middle], std::hypot(dx, dy), 1e-3);
    EXPECT_NEAR(std::cos(g.direction[middle]), dx / std::hypot(dx, dy), 1e-4);
    EXPECT_NEAR(std::sin(g.direction[middle]), dy / std::hypot(dx, dy), 1e-4);
  }
}

TEST(Directions, StripesFillOneBin) {
  const Plane all(kPixels, 1.0F);
  EXPECT_GT(direction_histogram(find_gradients(wave(6, 0)), all)[0], 0.95F);
  EXPECT_GT(direction_histogram(find_gradients(wave(0, 6)), all)[kDirections / 2], 0.95F);
  const std::vector<float> cells = cell_directions(find_gradients(wave(6, 0)));
  ASSERT_EQ(cells.size(), kCells * kCells * kCellDirections);
  for (std::size_t c = 0; c < kCells * kCells; ++c)
    EXPECT_EQ(argmax(cells, c * kCellDirections, (c + 1) * kCellDirections), 0U);
}

// Counts patterns by their bits, spelt out.
TEST(LocalPatterns, AreTheCountsOfThePlainDefinition) {
  const Plane plane = noise(8);
  Plane mask(kPixels);
  for (std::size_t i = 0; i < kPixels; ++i) mask[i] = static_cast<float>(i % 3);
  for (const int radius : {1, 3}) {
    std::map<std::string, double> counts;
    double total = 0;
    for (int y = radius; y < 64 - radius; ++y) {
      for (int x = radius; x < 64 - radius; ++x) {
        std::string bits;
        for (const auto& [ox, oy] : std::vector<std::pair<int, int>>{
                 {1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}}) {
          const float there = plane[static_cast<std::size_t>((y + oy * radius) * 64 + x + ox * radius)];
          bits += there >= plane[static_cast<std::size_t>(y * 64 + x)] + 5 ? '1' : '0';
        }
        int changes = 0;
        for (std::size_t k = 0; k < 8; ++k) changes += bits[k] != bits[(k + 1) % 8] ? 1 : 0;
        const double weight = mask[static_cast<std::size_t>(y * 64 + x)];
        counts[changes <= 2 ? bits : "other"] += weight;
        total += weight;
      }
    }
    std::vector<float> want;
    for (const auto& [bits, count] : counts) want.push_back(static_cast<float>(std::sqrt(count / total)));
    std::vector<float> got = local_patterns(plane, mask, static_cast<std::size_t>(radius), 5);
    ASSERT_EQ(got.size(), kLocalPatterns);
    EXPECT_NEAR(got.back(), std::sqrt(counts["other"] / total), 1e-5);
    std::erase(got, 0.0F);
    std::erase(want, 0.0F);
    std::sort(got.begin(), got.end());
    std::sort(want.begin(), want.end());
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5);
  }
}

}  // namespace
}  // namespace weft::encoders
