#include "gnn/evaluation/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

namespace weft::gnn {
namespace {

TEST(RankMetrics, ByHand) {
  // Relevant: 4 items; hits at ranks 2 and 5; list of 5.
  const std::vector<std::uint32_t> ranks = {2, 5, 9};
  const RankMetrics m = rank_metrics(ranks, 4, 5);
  EXPECT_DOUBLE_EQ(m.recall, 0.5);
  EXPECT_DOUBLE_EQ(m.precision, 0.4);
  EXPECT_DOUBLE_EQ(m.mrr, 0.5);
  EXPECT_DOUBLE_EQ(m.hit_rate, 1);
  EXPECT_DOUBLE_EQ(m.map, (1.0 / 2 + 2.0 / 5) / 4);
  const double ideal = 1 + 1 / std::log2(3.0) + 0.5 + 1 / std::log2(5.0);
  EXPECT_DOUBLE_EQ(m.ndcg, (1 / std::log2(3.0) + 1 / std::log2(6.0)) / ideal);
}

TEST(RankMetrics, NoHitWithinKIsZero) {
  const std::vector<std::uint32_t> ranks = {6};
  const RankMetrics m = rank_metrics(ranks, 1, 5);
  EXPECT_EQ(m.recall + m.precision + m.ndcg + m.mrr + m.map + m.hit_rate, 0);
}

TEST(RankMetrics, PerfectListIsOne) {
  const std::vector<std::uint32_t> ranks = {1, 2, 3};
  const RankMetrics m = rank_metrics(ranks, 3, 10);
  EXPECT_DOUBLE_EQ(m.recall, 1);
  EXPECT_DOUBLE_EQ(m.ndcg, 1);
  EXPECT_DOUBLE_EQ(m.map, 1);
  EXPECT_DOUBLE_EQ(m.mrr, 1);
  EXPECT_DOUBLE_EQ(m.precision, 0.3);
}

TEST(AreaUnderCurve, EqualsAllPairsOnRandomScoresWithTies) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    // Past 256 relevant scores the sorting path runs.
    std::vector<float> relevant(seed % 2 == 0 ? 7 : 300);
    std::vector<float> others(50 + seed);
    for (float& s : relevant) s = static_cast<float>(random() % 11);
    for (float& s : others) s = static_cast<float>(random() % 9);
    double wins = 0;
    for (const float a : relevant) {
      for (const float b : others) wins += a > b ? 1 : a == b ? 0.5 : 0;
    }
    EXPECT_NEAR(area_under_curve(relevant, others), wins / relevant.size() / others.size(), 1e-12);
  }
  EXPECT_EQ(area_under_curve(std::vector<float>{1}, {}), -1);
}

TEST(Diversity, EqualsMeanOverPairs) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  const std::size_t n = 9;
  const std::size_t dim = 6;
  std::vector<float> rows(n * dim);
  for (float& v : rows) v = normal(random);
  std::fill_n(rows.begin() + 3 * dim, dim, 0.0F);  // a zero vector counts in no pair
  double sum = 0;
  int pairs = 0;
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = a + 1; b < n; ++b) {
      if (a == 3 || b == 3) continue;
      double dot = 0, aa = 0, bb = 0;
      for (std::size_t d = 0; d < dim; ++d) {
        dot += rows[a * dim + d] * rows[b * dim + d];
        aa += rows[a * dim + d] * rows[a * dim + d];
        bb += rows[b * dim + d] * rows[b * dim + d];
      }
      sum += dot / std::sqrt(aa * bb);
      ++pairs;
    }
  }
  EXPECT_NEAR(intra_list_diversity(rows, dim), 1 - sum / pairs, 1e-5);
  EXPECT_EQ(intra_list_diversity(std::span(rows).first(dim), dim), -1);
}

TEST(Diversity, CategoriesByPairs) {
  const std::vector<std::uint32_t> categories = {4, 4, 7, 4, 9};  // 3 of 10 pairs are equal
  EXPECT_DOUBLE_EQ(category_diversity(categories), 0.7);
  EXPECT_EQ(category_diversity(std::span(categories).first(1)), -1);
}

}  // namespace
}  // namespace weft::gnn
