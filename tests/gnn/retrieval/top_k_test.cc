#include "gnn/retrieval/top_k.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "base/error.h"

namespace weft::gnn {
namespace {

TEST(TopK, EqualsFullSortOnRandomScoresWithTies) {
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::size_t items = 1 + random() % 200;
    const std::size_t k = random() % 30;
    std::vector<float> scores(items);
    std::vector<std::uint8_t> allowed(items);
    std::vector<graph::NodeId> excluded;
    std::vector<ScoredItem> expected;
    for (std::size_t i = 0; i < items; ++i) {
      scores[i] = static_cast<float>(random() % 12);
      allowed[i] = random() % 4 != 0;
      const bool out = random() % 5 == 0;
      if (out) excluded.push_back(static_cast<graph::NodeId>(i));
      if (allowed[i] != 0 && !out) expected.push_back({static_cast<graph::NodeId>(i), scores[i]});
    }
    std::stable_sort(expected.begin(), expected.end(), [](auto& a, auto& b) { return a.score > b.score; });
    expected.resize(std::min(k, expected.size()));
    EXPECT_EQ(top_k(scores, k, allowed, excluded), expected);
  }
}

TEST(TopK, MinusInfinityRanksLastAndNanIsAnError) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> scores = {-inf, 2, inf};
  const auto best = top_k(scores, 5);
  ASSERT_EQ(best.size(), 3U);
  EXPECT_EQ(best[0].item, 2U);
  EXPECT_EQ(best[2].item, 0U);
  const std::vector<float> bad = {1, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THROW(top_k(bad, 1), Error);
  const std::vector<graph::NodeId> excluded = {1};
  EXPECT_EQ(top_k(bad, 1, {}, excluded).size(), 1U);  // what is not ranked may be anything
}

}  // namespace
}  // namespace weft::gnn
