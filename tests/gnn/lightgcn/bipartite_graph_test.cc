#include "gnn/lightgcn/bipartite_graph.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/gnn/evaluation/random_pairs.h"

namespace weft::gnn {
namespace {

TEST(BipartiteGraph, HoldsEveryPairInBothRows) {
  std::mt19937 random(2);
  const Pairs pairs = random_pairs(random, 20, 31, 0.1);
  const BipartiteGraph graph(index_of(pairs, 20), 20, 31);
  ASSERT_EQ(graph.nodes(), 51U);
  Pairs forward, backward;
  for (std::uint32_t n = 0; n < 51; ++n) {
    for (std::uint64_t e = graph.offsets[n]; e < graph.offsets[n + 1]; ++e) {
      const std::uint32_t c = graph.columns[e];
      EXPECT_TRUE(e == graph.offsets[n] || graph.columns[e - 1] < c);
      if (n < 20)
        forward.insert({n, c - 20});
      else
        backward.insert({c, n - 20});
    }
    const auto degree = static_cast<double>(graph.degree(n));
    EXPECT_FLOAT_EQ(graph.inverse_degree[n], degree == 0 ? 0 : static_cast<float>(1 / degree));
    EXPECT_FLOAT_EQ(graph.inverse_root[n], degree == 0 ? 0 : static_cast<float>(1 / std::sqrt(degree)));
    EXPECT_FLOAT_EQ(graph.root[n], static_cast<float>(std::sqrt(degree)));
  }
  EXPECT_EQ(forward, pairs);
  EXPECT_EQ(backward, pairs);
}

}  // namespace
}  // namespace weft::gnn
