#include "gnn/kernels/adam.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace weft::gnn {
namespace {

TEST(Adam, FollowsTheDefinitionOverManySteps) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  const std::size_t n = 37;
  const AdamOptions options{.learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6};
  std::vector<float> p(n), m(n, 0), v(n, 0), g(n);
  for (float& value : p) value = normal(random);
  std::vector<double> pp(p.begin(), p.end()), mm(n, 0), vv(n, 0);
  for (int step = 1; step <= 60; ++step) {
    for (float& value : g) value = normal(random);
    adam_update(AdamStep(options, static_cast<std::uint64_t>(step)), g, p, m, v);
    for (std::size_t i = 0; i < n; ++i) {
      mm[i] = 0.8 * mm[i] + 0.2 * g[i];
      vv[i] = 0.95 * vv[i] + 0.05 * g[i] * g[i];
      const double mean = mm[i] / (1 - std::pow(0.8, step));
      const double variance = vv[i] / (1 - std::pow(0.95, step));
      pp[i] -= 0.01 * mean / (std::sqrt(variance) + 1e-6);
      ASSERT_NEAR(p[i], pp[i], 2e-5);
    }
  }
}

TEST(Adam, TheCutIntoRunsDoesNotMatterToABit) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  const std::size_t n = 1000;
  std::vector<float> g(n), p(n), m(n), v(n);
  for (std::size_t i = 0; i < n; ++i) {
    g[i] = normal(random);
    p[i] = normal(random);
    m[i] = normal(random);
    v[i] = normal(random) * normal(random);
    v[i] *= v[i];
  }
  for (const AdamOptions& options : {AdamOptions{}, AdamOptions{.decay = 0.1, .apart_decay = 0.2}}) {
    const AdamStep step(options, 7);
    auto p1 = p, m1 = m, v1 = v;
    adam_update(step, g, p1, m1, v1);
    for (const std::size_t length : {1U, 7U, 20U, 129U}) {
      auto p2 = p, m2 = m, v2 = v;
      for (std::size_t begin = 0; begin < n; begin += length) {
        const auto part = [&](auto& all) {
          return std::span(all).subspan(begin, std::min(length, n - begin));
        };
        adam_update(step, part(g), part(p2), part(m2), part(v2));
      }
      EXPECT_EQ(p1, p2);
      EXPECT_EQ(m1, m2);
      EXPECT_EQ(v1, v2);
    }
  }
}

// Against the definition in double: rows of the step move, others do not.
TEST(Adam, RowsOfATableAndBothDecays) {
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  const std::size_t table = 900, dim = 21;
  const AdamOptions options{
      .learning_rate = 0.02, .beta1 = 0.7, .beta2 = 0.9, .decay = 0.1, .apart_decay = 0.3};
  std::vector<float> p(table * dim), m(p.size(), 0), v(p.size(), 0);
  for (float& value : p) value = normal(random);
  std::vector<double> pp(p.begin(), p.end()), mm(p.size(), 0), vv(p.size(), 0);
  for (int step = 1; step <= 4; ++step) {
    std::vector<std::uint32_t> rows;
    for (std::uint32_t r = 0; r < table; ++r) {
      if (random() % 3 != 0) rows.push_back(r);
    }
    std::shuffle(rows.begin(), rows.end(), random);
    if (step == 3) rows.clear();
    std::vector<float> g(rows.size() * dim);
    for (float& value : g) value = normal(random);
    const std::vector<float> before = p;
    const AdamStep adam(options, static_cast<std::uint64_t>(step));
    adam_update_rows(adam, rows, dim, g, p, m, v);
    std::vector<std::uint8_t> moved(table, 0);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      moved[rows[i]] = 1;
      for (std::size_t d = 0; d < dim; ++d) {
        const std::size_t at = rows[i] * dim + d;
        const double gradient = g[i * dim + d] + 0.1 * pp[at];
        mm[at] = 0.7 * mm[at] + 0.3 * gradient;
        vv[at] = 0.9 * vv[at] + 0.1 * gradient * gradient;
        const double mean = mm[at] / (1 - std::pow(0.7, step));
        const double variance = vv[at] / (1 - std::pow(0.9, step));
        pp[at] = pp[at] * (1 - 0.02 * 0.3) - 0.02 * mean / (std::sqrt(variance) + 1e-8);
        ASSERT_NEAR(p[at], pp[at], 2e-5);
      }
    }
    for (std::size_t at = 0; at < p.size(); ++at) {
      ASSERT_TRUE(moved[at / dim] != 0 || p[at] == before[at]);
    }
  }
}

}  // namespace
}  // namespace weft::gnn
