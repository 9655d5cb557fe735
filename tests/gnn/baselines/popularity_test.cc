#include "gnn/baselines/popularity.h"

#include <gtest/gtest.h>

namespace weft::gnn {
namespace {

TEST(Popularity, TheSameCountsForEveryUser) {
  const std::vector<std::uint64_t> counts = {5, 0, 17};
  const PopularityScorer scorer(counts);
  const std::vector<graph::NodeId> users = {9, 0};
  std::vector<float> out(6);
  scorer.score(users, out);
  EXPECT_EQ(scorer.items(), 3U);
  EXPECT_EQ(out, (std::vector<float>{5, 0, 17, 5, 0, 17}));
}

}  // namespace
}  // namespace weft::gnn
