#include "gnn/kernels/adam.h"

#include <gtest/gtest.h>

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

TEST(Adam, TheCutIntoRunsDoesNotMatter) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  const std::size_t n = 100;
  std::vector<float> g(n), p(n), m(n), v(n);
  for (std::size_t i = 0; i < n; ++i) {
    g[i] = normal(random);
    p[i] = normal(random);
    m[i] = normal(random);
    v[i] = normal(random) * normal(random);
    v[i] *= v[i];
  }
  auto p2 = p, m2 = m, v2 = v;
  const AdamStep step({}, 7);
  adam_update(step, g, p, m, v);
  for (std::size_t begin = 0; begin < n; begin += 20) {
    const auto part = [&](auto& all) { return std::span(all).subspan(begin, 20); };
    adam_update(step, part(g), part(p2), part(m2), part(v2));
  }
  for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(p[i], p2[i], 1e-6);
}

}  // namespace
}  // namespace weft::gnn
