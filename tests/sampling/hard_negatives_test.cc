#include "sampling/hard_negatives.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace weft::sampling {
namespace {

using graph::kNoNode;
using graph::NodeId;

std::vector<NodeId> pick(const std::vector<NodeId>& candidates, const std::vector<float>& scores,
                         std::size_t pool, std::size_t skip, std::size_t per_row) {
  std::vector<NodeId> out(candidates.size() / pool * per_row, 12345);
  hard_negatives(candidates, scores, pool, skip, per_row, out);
  return out;
}

TEST(HardNegatives, AreTheHighestScoresOfEachRow) {
  EXPECT_EQ(pick({1, 2, 3, 4, 5, 6}, {0.1F, 0.9F, 0.5F, -2, -1, -3}, 3, 0, 2),
            (std::vector<NodeId>{2, 3, 5, 4}));
  EXPECT_EQ(pick({1, 2, 3, 4, 5, 6}, {0.1F, 0.9F, 0.5F, -2, -1, -3}, 3, 1, 1), (std::vector<NodeId>{3, 4}));
}

TEST(HardNegatives, TakeEachNodeOnceAndEqualScoresInOrder) {
  EXPECT_EQ(pick({7, 7, 8, 9}, {2, 2, 2, 1}, 4, 0, 3), (std::vector<NodeId>{7, 8, 9}));
  EXPECT_EQ(pick({7, 7, 8, 9}, {2, 2, 2, 1}, 4, 1, 3), (std::vector<NodeId>{8, 9, kNoNode}));
}

TEST(HardNegatives, LeaveOutWhatIsNoNodeOrNoNumber) {
  const float nan = std::nanf("");
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(pick({1, kNoNode, 3, 4}, {nan, inf, -inf, 0}, 4, 0, 4),
            (std::vector<NodeId>{4, 3, kNoNode, kNoNode}));
  EXPECT_EQ(pick({kNoNode, kNoNode}, {1, 2}, 2, 0, 1), std::vector<NodeId>{kNoNode});
}

// By the definition: repeatedly the best of those that are left.
TEST(HardNegatives, EqualASearchForTheBest) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::size_t pool = 1 + random() % 20;
    const std::size_t skip = random() % 3;
    const std::size_t per_row = 1 + random() % 6;
    std::vector<NodeId> candidates;
    std::vector<float> scores;
    for (std::size_t i = 0; i < 5 * pool; ++i) {
      candidates.push_back(random() % 9 == 0 ? kNoNode : random() % 15);
      scores.push_back(static_cast<float>(random() % 6));
    }
    const std::vector<NodeId> out = pick(candidates, scores, pool, skip, per_row);
    for (std::size_t row = 0; row < 5; ++row) {
      std::set<NodeId> taken = {kNoNode};
      for (std::size_t j = 0; j < skip + per_row; ++j) {
        NodeId best = kNoNode;
        float highest = -1;
        for (std::size_t i = row * pool; i < (row + 1) * pool; ++i) {
          if (taken.contains(candidates[i]) || scores[i] <= highest) continue;
          best = candidates[i];
          highest = scores[i];
        }
        taken.insert(best);
        if (j >= skip) {
          ASSERT_EQ(out[row * per_row + j - skip], best) << "round " << round;
        }
      }
    }
  }
}

}  // namespace
}  // namespace weft::sampling
