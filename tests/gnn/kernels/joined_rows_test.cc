#include "gnn/kernels/joined_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weft::gnn {
namespace {

constexpr std::size_t kRows = 23, kSenders = 11;

// Random rows of sums with weights; some rows are empty.
struct Sums {
  std::size_t dim, stride;
  std::vector<float> values, weights, stands_for, shrinkage, scale, mass;
  std::vector<std::uint32_t> offsets{0}, sources;

  Sums(std::mt19937& random, std::size_t width) : dim(width), stride(width + 3) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    values.resize(kSenders * stride);
    for (float& v : values) v = uniform(random);
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t e = random() % 5; e > 0; --e) {
        sources.push_back(static_cast<std::uint32_t>(random() % kSenders));
        weights.push_back(1.5F + uniform(random));
      }
      offsets.push_back(static_cast<std::uint32_t>(sources.size()));
      stands_for.push_back(r % 3 == 0 ? 2.5F : 1.0F);
    }
    for (std::size_t d = 0; d < dim; ++d) shrinkage.push_back(1.2F + uniform(random));
  }
  double weight_of(std::size_t r) const {
    double sum = 0;
    for (std::size_t e = offsets[r]; e < offsets[r + 1]; ++e) sum += weights[e];
    return sum;
  }
  // As the layer sets a part up: shrunk, or a plain mean.
  JoinedPart part(bool shrunk, std::size_t column) {
    scale.assign(kRows, 0), mass.assign(kRows, 0);
    for (std::size_t r = 0; r < kRows; ++r) {
      const double sum = weight_of(r);
      scale[r] = shrunk ? stands_for[r] : sum > 0 ? static_cast<float>(1 / sum) : 0.0F;
      mass[r] = static_cast<float>(stands_for[r] * sum);
    }
    return {.column = column,
            .dim = dim,
            .values = values.data(),
            .stride = stride,
            .offsets = offsets.data(),
            .sources = sources.data(),
            .edges = sources.size(),
            .weights = weights.data(),
            .scale = scale.data(),
            .shrinkage = shrunk ? shrinkage.data() : nullptr,
            .mass = shrunk ? mass.data() : nullptr};
  }
  // The formula, number by number.
  double expected(bool shrunk, std::size_t r, std::size_t d) const {
    double sum = 0;
    for (std::size_t e = offsets[r]; e < offsets[r + 1]; ++e)
      sum += double{weights[e]} * values[sources[e] * stride + d];
    const double times = shrunk ? stands_for[r] : 1, by = times * weight_of(r) + (shrunk ? shrinkage[d] : 0);
    return by == 0 ? 0 : times * sum / by;
  }
};

TEST(JoinRows, PutsPartsSideBySide) {
  for (const std::size_t dim : {1, 16, 20, 64, 150}) {
    std::mt19937 random(static_cast<unsigned>(dim));
    Sums plain(random, dim), shrunk(random, dim + 1);
    const std::vector<JoinedPart> parts = {
        {.column = 0, .dim = dim, .values = plain.values.data(), .stride = 2},
        plain.part(false, dim),
        shrunk.part(true, 2 * dim),
        {.column = 3 * dim + 1, .dim = 2, .offsets = plain.offsets.data(), .fill = 0.5F},
        {.column = 3 * dim + 3, .dim = 1, .fill = 1},
        {.column = 3 * dim + 4, .dim = 2}};
    const std::size_t stride = 3 * dim + 7;
    std::vector<float> whole(kRows * stride, 9), cut(kRows * stride, 9);
    join_rows(parts, 0, kRows, whole.data(), stride);
    for (std::size_t begin = 0; begin < kRows; begin += 5)
      join_rows(parts, begin, std::min(begin + 5, kRows), cut.data(), stride);
    EXPECT_EQ(whole, cut);
    for (std::size_t r = 0; r < kRows; ++r) {
      const float* row = whole.data() + r * stride;
      for (std::size_t d = 0; d < dim; ++d) {
        EXPECT_EQ(row[d], plain.values[2 * r + d]);
        EXPECT_NEAR(row[dim + d], plain.expected(false, r, d), 1e-5);
        EXPECT_NEAR(row[2 * dim + d], shrunk.expected(true, r, d), 1e-5);
      }
      const float there = plain.offsets[r + 1] > plain.offsets[r] ? 0.5F : 0;
      EXPECT_EQ(std::vector<float>(row + 3 * dim + 1, row + stride),
                (std::vector<float>{there, there, 1, 0, 0, 9}));
    }
  }
}

TEST(UnscaleGradient, EqualsDifferencesOfTheFormula) {
  for (const bool shrunk : {false, true}) {
    for (const std::size_t dim : {3, 16, 300}) {
      std::mt19937 random(static_cast<unsigned>(dim) + 1);
      Sums sums(random, dim);
      const JoinedPart part = sums.part(shrunk, 0);
      std::vector<float> joined(kRows * dim), given(kRows * dim);
      join_rows(std::vector<JoinedPart>{part}, 0, kRows, joined.data(), dim);
      std::uniform_real_distribution<float> uniform(-1, 1);
      for (float& g : given) g = uniform(random);
      std::vector<float> grad = given, grad_shrinkage(dim, 0), grad_mass(kRows, 0);
      unscale_gradient(part, 0, kRows, joined.data(), dim, grad.data(), dim,
                       shrunk ? grad_shrinkage.data() : nullptr, grad_mass.data());
      const auto objective = [&] {
        double sum = 0;
        for (std::size_t r = 0; r < kRows; ++r) {
          for (std::size_t d = 0; d < dim; ++d) sum += given[r * dim + d] * sums.expected(shrunk, r, d);
        }
        return sum;
      };
      const auto slope = [&](float& number) {
        const float before = number, step = 1e-3F;
        number = before + step;
        const double above = objective();
        number = before - step;
        const double below = objective();
        number = before;
        return (above - below) / (2e-3);
      };
      for (std::size_t e = 0; e < sums.weights.size(); e += 7) {
        const std::size_t r = static_cast<std::size_t>(
            std::upper_bound(sums.offsets.begin(), sums.offsets.end(), e) - sums.offsets.begin() - 1);
        double by_weight = grad_mass[r];
        for (std::size_t d = 0; d < dim; ++d)
          by_weight += grad[r * dim + d] * sums.values[sums.sources[e] * sums.stride + d];
        EXPECT_NEAR(by_weight, slope(sums.weights[e]), 2e-3);
      }
      for (std::size_t d = 0; d < dim && shrunk; d += 5)
        EXPECT_NEAR(grad_shrinkage[d], slope(sums.shrinkage[d]), 2e-3);
      // Of a sender: through all rows that name it.
      const std::size_t d = dim - 1;
      double of_sender = 0;
      for (std::size_t r = 0; r < kRows; ++r) {
        for (std::size_t e = sums.offsets[r]; e < sums.offsets[r + 1]; ++e) {
          if (sums.sources[e] == 4) of_sender += sums.weights[e] * grad[r * dim + d];
        }
      }
      EXPECT_NEAR(of_sender, slope(sums.values[4 * sums.stride + d]), 2e-3);
    }
  }
}

}  // namespace
}  // namespace weft::gnn
