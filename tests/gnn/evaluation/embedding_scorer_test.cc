#include "gnn/evaluation/embedding_scorer.h"

#include <gtest/gtest.h>

namespace weft::gnn {
namespace {

TEST(EmbeddingScorer, ScoresTheAskedUsersInTheirOrder) {
  const EmbeddingScorer scorer({1, 0, 0, 1, 2, 3}, {1, 1, 4, 5, -1, 2, 0, 7}, 2);
  EXPECT_EQ(scorer.items(), 4U);
  EXPECT_EQ(scorer.users(), 3U);
  const std::vector<graph::NodeId> users = {2, 0};
  std::vector<float> out(8);
  scorer.score(users, out);
  EXPECT_EQ(out, (std::vector<float>{5, 23, 4, 21, 1, 4, -1, 0}));
}

}  // namespace
}  // namespace weft::gnn
