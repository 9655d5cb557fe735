#include "sampling/weight_search.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "sampling/weighted_picks.h"

namespace weft::sampling {
namespace {

class WeightSearch : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Instructions, WeightSearch, ::testing::Values("generic", "avx512"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(WeightSearch, FindsTheFirstSumThatExceeds) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<FloydRow> rows(random() % 12);
    std::vector<std::uint64_t> sums(random() % 3);
    for (FloydRow& row : rows) {
      row.start = static_cast<std::uint32_t>(sums.size());
      row.length = static_cast<std::uint32_t>(1 + random() % (random() % 2 == 0 ? 70 : 1500));
      std::uint64_t sum = 0;
      // Sums above 2^63 too; equal ones are edges of weight 0.
      const std::uint64_t scale = random() % 4 == 0 ? (1ull << 63) / row.length * 2 - 2 : 9;
      // Few edges with nearly all of the weight, too: there no line through the sums says where to look.
      const bool steep = random() % 3 == 0;
      for (std::uint32_t p = 0; p < row.length; ++p) {
        const bool none = random() % (steep ? 40 : 3) == 0;
        sums.push_back(sum += steep ? (none ? scale - 1 : random() % 2) : none ? 0 : random() % scale);
      }
      if (sum == 0) ++sums.back();
    }
    const auto each = static_cast<std::uint32_t>(1 + random() % 50);
    std::vector<std::uint64_t> weights;
    for (const FloydRow& row : rows) {
      for (std::uint32_t i = 0; i < each; ++i) weights.push_back(random() % sums[row.start + row.length - 1]);
    }
    std::vector<std::uint32_t> lengths(rows.size()), asked;
    for (std::size_t r = 0; r < rows.size(); ++r)
      asked.push_back(random() % 2 == 0 ? each : static_cast<std::uint32_t>(1 + random() % each));
    std::vector<std::uint32_t> edges(weights.size() + 1, 77);
    if (!internal::search_weights_with(GetParam(), {.sums = sums.data(),
                                                    .rows = rows,
                                                    .each = each,
                                                    .asked = asked.data(),
                                                    .weights = weights.data(),
                                                    .lengths = lengths.data(),
                                                    .edges = edges.data()}))
      GTEST_SKIP() << "this processor has no " << GetParam();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const FloydRow& row = rows[i / each];
      if (i % each >= asked[i / each]) continue;
      std::uint32_t expected = 0;
      while (sums[row.start + expected] <= weights[i]) ++expected;
      ASSERT_EQ(edges[i], expected);
      ASSERT_EQ(edge_at_weight(sums.data() + row.start, row.length, weights[i]), expected);
    }
    ASSERT_EQ(edges.back(), 77u);
  }
}

// Skipping edges is the same as a row without them.
TEST(WeightLeft, IsThatOfTheRowWithoutTheSkippedEdges) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 500; ++round) {
    const auto n = static_cast<std::uint32_t>(1 + random() % 30);
    std::vector<std::uint64_t> sums;
    std::uint64_t sum = 0;
    for (std::uint32_t p = 0; p < n; ++p) sums.push_back(sum += random() % 4 == 0 ? 0 : random() % 5);
    std::vector<std::uint32_t> skipped;
    for (std::uint32_t p = 0; p < n; ++p) {
      if (random() % 3 == 0) skipped.push_back(p);
    }
    std::shuffle(skipped.begin(), skipped.end(), random);
    std::uint64_t x = 0;
    for (std::uint32_t p = 0; p < n; ++p) {
      if (is_among(skipped.data(), static_cast<std::uint32_t>(skipped.size()), p)) continue;
      for (std::uint64_t i = weight_of(sums.data(), p); i > 0; --i, ++x) {
        ASSERT_EQ(edge_at_weight_left(sums.data(), n, x, skipped.data(),
                                      static_cast<std::uint32_t>(skipped.size())),
                  p);
      }
    }
  }
}

}  // namespace
}  // namespace weft::sampling
