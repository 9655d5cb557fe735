#include "gnn/baselines/item_knn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/gnn/evaluation/random_pairs.h"

namespace weft::gnn {
namespace {

using graph::NodeId;

TEST(ItemKnn, EqualsDenseLoops) {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::size_t users = 40, items = 90;
    const Pairs pairs = random_pairs(random, users, items, 0.12);
    const graph::PositiveIndex index = index_of(pairs, users);
    const ItemKnnOptions options{.neighbours = seed % 2 == 0 ? 7U : 200U,
                                 .shrinkage = seed % 3 == 0 ? 0.0 : 4.0};
    ThreadPool pool(1 + seed % 3);
    const ItemKnnScorer scorer(index, items, options, pool);
    // similarity[i][j] from the definition, then the nearest of each i.
    std::vector<std::vector<double>> similarity(items, std::vector<double>(items, 0));
    for (NodeId i = 0; i < items; ++i) {
      for (NodeId j = 0; j < items; ++j) {
        double both = 0, a = 0, b = 0;
        for (NodeId u = 0; u < users; ++u) {
          const bool x = pairs.contains({u, i}), y = pairs.contains({u, j});
          both += x && y ? 1 : 0;
          a += x ? 1 : 0;
          b += y ? 1 : 0;
        }
        if (i != j && both > 0)
          similarity[i][j] = static_cast<float>(both / (std::sqrt(a * b) + options.shrinkage));
      }
    }
    std::vector<std::set<NodeId>> nearest(items);
    for (NodeId i = 0; i < items; ++i) {
      std::vector<NodeId> order(items);
      std::iota(order.begin(), order.end(), 0U);
      std::stable_sort(order.begin(), order.end(),
                       [&](NodeId a, NodeId b) { return similarity[i][a] > similarity[i][b]; });
      for (std::size_t k = 0; k < std::min(options.neighbours, items); ++k) {
        if (similarity[i][order[k]] > 0) nearest[i].insert(order[k]);
      }
    }
    std::vector<NodeId> asked(users);
    std::iota(asked.begin(), asked.end(), 0U);
    std::vector<float> out(users * items);
    scorer.score(asked, out);
    for (NodeId u = 0; u < users; ++u) {
      for (NodeId i = 0; i < items; ++i) {
        double expected = 0;
        for (const NodeId j : nearest[i]) expected += pairs.contains({u, j}) ? similarity[i][j] : 0;
        ASSERT_NEAR(out[u * items + i], expected, 1e-5) << u << ' ' << i;
      }
    }
  }
}

TEST(ItemKnn, UnknownUsersScoreZero) {
  ThreadPool pool(1);
  const graph::PositiveIndex index = index_of({{0, 1}, {0, 2}}, 1);
  const ItemKnnScorer scorer(index, 3, {}, pool);
  const std::vector<NodeId> users = {5};
  std::vector<float> out(3, 1.0F);
  scorer.score(users, out);
  EXPECT_EQ(out, std::vector<float>(3, 0.0F));
}

}  // namespace
}  // namespace weft::gnn
