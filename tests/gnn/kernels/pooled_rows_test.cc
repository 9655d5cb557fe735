#include "gnn/kernels/pooled_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace weft::gnn {
namespace {

constexpr std::size_t kClasses = 5;

// Random parts, of which each has its own choice of classes, weights and what picks stand for. Row 0 of the
// first part is `long_row` edges long.
struct Parts {
  struct Own {
    std::vector<std::uint32_t> offsets{0}, sources;
    std::vector<std::int32_t> classes;
    std::vector<float> weights, stands_for;
  };
  std::vector<Own> own;
  std::vector<PooledPart> parts;
  std::vector<float> shares, classes;
  std::size_t edges = 0;

  Parts(std::uint32_t seed, std::size_t count, std::size_t rows, std::size_t long_row) : own(count) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(0.2F, 2);
    for (std::size_t p = 0; p < count; ++p) {
      Own& o = own[p];
      const bool none = count > 2 && p == 1;  // a relation of which nothing was picked
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t degree = none ? 0 : p == 0 && r == 0 ? long_row : random() % 6;
        for (std::size_t e = 0; e < degree; ++e)
          o.sources.push_back(static_cast<std::uint32_t>(random() % 1000));
        o.offsets.push_back(static_cast<std::uint32_t>(o.sources.size()));
      }
      edges += o.sources.size();
      for (std::size_t more = 0; more < 3; ++more) o.sources.push_back(7);  // of a later hop
      for (std::size_t e = 0; e < o.sources.size(); ++e) {
        if ((seed + p) % 2 == 0) o.classes.push_back(static_cast<std::int32_t>(random() % kClasses));
        if ((seed + p) % 3 == 0) o.weights.push_back(uniform(random));
      }
      if ((seed + p) % 4 != 0)
        for (std::size_t r = 0; r < rows + 2; ++r) o.stands_for.push_back(uniform(random));
      shares.push_back(uniform(random));
      if (!o.classes.empty())
        for (std::size_t c = 0; c < kClasses; ++c) classes.push_back(uniform(random));
    }
    for (const Own& o : own) parts.push_back({o.offsets, o.sources, o.classes, o.weights, o.stands_for});
  }
  PooledFactors factors() const { return {shares, classes, kClasses}; }
  std::size_t rows() const { return own[0].offsets.size() - 1; }
};

// The formula, edge by edge, in the order row, part, edge: calls take(part, edge, class factor's position or
// -1, weight without the two factors).
template <typename Take>
void each_edge(const Parts& given, const Take& take) {
  for (std::size_t r = 0; r < given.rows(); ++r) {
    std::ptrdiff_t classes = 0;
    for (std::size_t p = 0; p < given.own.size(); ++p) {
      const Parts::Own& o = given.own[p];
      for (std::size_t e = o.offsets[r]; e < o.offsets[r + 1]; ++e) {
        const double rest =
            (o.weights.empty() ? 1.0 : o.weights[e]) * (o.stands_for.empty() ? 1.0 : o.stands_for[r]);
        take(p, e, o.classes.empty() ? -1 : classes + o.classes[e], rest);
      }
      if (!o.classes.empty()) classes += kClasses;
    }
  }
}

const std::vector<Parts>& cases() {
  static const std::vector<Parts> all = [] {
    std::vector<Parts> made;
    std::uint32_t seed = 0;
    for (const std::size_t count : {1, 2, 3, 5})
      for (const std::size_t rows : {0, 1, 40, 3000}) made.emplace_back(++seed, count, rows, 20'000);
    return made;
  }();
  return all;
}

TEST(PooledRows, HoldThePartsRowsOneAfterTheOther) {
  ThreadPool pool(2);
  for (const Parts& given : cases()) {
    std::vector<std::uint32_t> sources;
    std::vector<float> weights;
    each_edge(given, [&](std::size_t p, std::size_t e, std::ptrdiff_t position, double rest) {
      sources.push_back(given.own[p].sources[e]);
      const double of_class = position < 0 ? 1.0 : given.classes[static_cast<std::size_t>(position)];
      weights.push_back(static_cast<float>(rest * given.shares[p] * of_class));
    });
    for (ThreadPool* const threads : {static_cast<ThreadPool*>(nullptr), &pool}) {
      const PooledRows rows = pool_rows(given.parts, threads);
      EXPECT_EQ(rows.sources, sources);
      ASSERT_EQ(rows.offsets.size(), given.rows() + 1);
      for (std::size_t r = 0; r <= given.rows(); ++r) {
        std::uint32_t sum = 0;
        for (const Parts::Own& o : given.own) sum += o.offsets[r];
        EXPECT_EQ(rows.offsets[r], sum);
      }
      std::vector<float> got(given.edges);
      pooled_weights(given.parts, given.factors(), got, threads);
      for (std::size_t e = 0; e < got.size(); ++e) ASSERT_FLOAT_EQ(got[e], weights[e]) << e;
    }
  }
}

TEST(PooledRows, GradientIsThatOfTheWeights) {
  ThreadPool pool(2);
  for (const Parts& given : cases()) {
    std::mt19937 random(3);
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> grad(given.edges);
    for (float& g : grad) g = uniform(random);
    std::vector<double> of_shares(given.shares.size()), of_classes(given.classes.size());
    std::size_t at = 0;
    each_edge(given, [&](std::size_t p, std::size_t, std::ptrdiff_t position, double rest) {
      const auto c = static_cast<std::size_t>(position);
      of_shares[p] += grad[at] * rest * (position < 0 ? 1.0 : given.classes[c]);
      if (position >= 0) of_classes[c] += grad[at] * rest * given.shares[p];
      ++at;
    });
    std::vector<float> shares(of_shares.size(), -1), classes(of_classes.size(), -1);
    pooled_weights_grad(given.parts, given.factors(), grad, shares, classes, nullptr);
    for (std::size_t p = 0; p < shares.size(); ++p)
      EXPECT_NEAR(shares[p], of_shares[p], 1e-5 * (1 + std::abs(of_shares[p])));
    for (std::size_t c = 0; c < classes.size(); ++c)
      EXPECT_NEAR(classes[c], of_classes[c], 1e-5 * (1 + std::abs(of_classes[c])));
    std::vector<float> shares2(shares.size()), classes2(classes.size());
    pooled_weights_grad(given.parts, given.factors(), grad, shares2, classes2, &pool);
    EXPECT_EQ(shares, shares2);
    EXPECT_EQ(classes, classes2);
  }
}

}  // namespace
}  // namespace weft::gnn
