#include "encoders/math/symmetric_eigen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace weft::encoders {
namespace {

std::vector<double> random_symmetric(std::size_t n, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> m(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) m[i * n + j] = m[j * n + i] = normal(random);
  }
  return m;
}

TEST(SymmetricEigen, KnownMatrix) {
  const SymmetricEigen e = symmetric_eigen({2, 1, 1, 2}, 2);
  EXPECT_NEAR(e.values[0], 3, 1e-14);
  EXPECT_NEAR(e.values[1], 1, 1e-14);
  EXPECT_NEAR(e.vectors[0], std::sqrt(0.5), 1e-14);
  EXPECT_NEAR(e.vectors[1], std::sqrt(0.5), 1e-14);
}

TEST(SymmetricEigen, SatisfiesTheDefinitionOnRandomMatrices) {
  for (const std::size_t n : {1U, 2U, 5U, 17U, 60U}) {
    const std::vector<double> m = random_symmetric(n, static_cast<std::uint32_t>(n));
    const SymmetricEigen e = symmetric_eigen(m, n);
    for (std::size_t a = 0; a < n; ++a) {
      EXPECT_GE(e.values[a == 0 ? 0 : a - 1], e.values[a]);
      for (std::size_t i = 0; i < n; ++i) {
        double product = 0;
        for (std::size_t j = 0; j < n; ++j) product += m[i * n + j] * e.vectors[a * n + j];
        EXPECT_NEAR(product, e.values[a] * e.vectors[a * n + i], 1e-11) << n;
      }
      for (std::size_t b = 0; b <= a; ++b) {
        double dot = 0;
        for (std::size_t j = 0; j < n; ++j) dot += e.vectors[a * n + j] * e.vectors[b * n + j];
        EXPECT_NEAR(dot, a == b ? 1 : 0, 1e-12) << n;
      }
    }
  }
}

TEST(SymmetricEigen, ZeroAndEmptyMatrices) {
  EXPECT_TRUE(symmetric_eigen({}, 0).values.empty());
  const SymmetricEigen e = symmetric_eigen(std::vector<double>(9, 0.0), 3);
  for (const double v : e.values) EXPECT_EQ(v, 0);
}

}  // namespace
}  // namespace weft::encoders
