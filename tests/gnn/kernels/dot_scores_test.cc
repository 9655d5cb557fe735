#include "gnn/kernels/dot_scores.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace weft::gnn {
namespace {

std::vector<float> random_floats(std::uint32_t seed, std::size_t n) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(n);
  for (float& v : values) v = uniform(random);
  return values;
}

TEST(DotScores, EqualsLoopsInDouble) {
  for (const std::size_t dim : {1, 7, 16, 64, 65}) {
    for (const std::size_t items : {1, 31, 32, 33, 100}) {
      for (const std::size_t users : {1, 7, 8, 9, 20}) {
        const auto u = random_floats(1, users * dim);
        const auto v = random_floats(2, items * dim);
        const auto bias = random_floats(3, items);
        std::vector<const float*> rows;
        for (std::size_t i = 0; i < users; ++i) rows.push_back(u.data() + i * dim);
        std::vector<float> out(users * items);
        dot_scores(rows, v, dim, bias, out);
        for (std::size_t a = 0; a < users; ++a) {
          for (std::size_t b = 0; b < items; ++b) {
            double expected = bias[b];
            for (std::size_t d = 0; d < dim; ++d)
              expected += static_cast<double>(u[a * dim + d]) * v[b * dim + d];
            ASSERT_NEAR(out[a * items + b], expected, 1e-5);
          }
        }
      }
    }
  }
}

TEST(DotScores, AScoreDoesNotDependOnItsCompany) {
  const std::size_t dim = 33, items = 70, users = 21;
  const auto u = random_floats(4, users * dim);
  const auto v = random_floats(5, items * dim);
  std::vector<const float*> rows;
  for (std::size_t i = 0; i < users; ++i) rows.push_back(u.data() + i * dim);
  std::vector<float> all(users * items);
  dot_scores(rows, v, dim, {}, all);
  for (std::size_t a = 0; a < users; ++a) {
    std::vector<float> alone(items);
    dot_scores(std::span(rows).subspan(a, 1), v, dim, {}, alone);
    for (std::size_t b = 0; b < items; ++b) EXPECT_EQ(alone[b], all[a * items + b]);
    std::vector<float> last(1);
    dot_scores(std::span(rows).subspan(a, 1), std::span(v).last(dim), dim, {}, last);
    EXPECT_EQ(last[0], all[a * items + items - 1]);
  }
}

}  // namespace
}  // namespace weft::gnn
