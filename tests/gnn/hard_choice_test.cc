#include "gnn/hard_choice.h"

#include <gtest/gtest.h>

#include <vector>

namespace weft::gnn {
namespace {

std::vector<int> kept_of(const HardNegatives& hard, const std::vector<std::int32_t>& negatives,
                         const std::vector<float>& scores, std::size_t per_event) {
  std::vector<std::uint8_t> kept(negatives.size(), 7);
  choose_hard(hard, negatives, scores, per_event, kept);
  return {kept.begin(), kept.end()};
}

TEST(HardChoice, HighestScoresOfEachEventCount) {
  const std::vector<std::int32_t> negatives{1, 2, 3, 4, 9, 8, 7, 6};
  const std::vector<float> scores{0.1F, 0.9F, 0.5F, 0.7F, 4, 3, 2, 1};
  EXPECT_EQ(kept_of({.count = 1}, negatives, scores, 4), (std::vector<int>{0, 1, 0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(kept_of({.count = 2}, negatives, scores, 4), (std::vector<int>{0, 1, 0, 1, 1, 1, 0, 0}));
  EXPECT_EQ(kept_of({.count = 2, .skip = 1}, negatives, scores, 4),
            (std::vector<int>{0, 0, 1, 1, 0, 1, 1, 0}));
}

TEST(HardChoice, EasyOnesCountWhateverTheirScore) {
  EXPECT_EQ(kept_of({.count = 1, .easy = 1}, {1, 2, 3, 4}, {0.1F, 0.9F, 0.5F, 0.7F}, 4),
            (std::vector<int>{1, 1, 0, 0}));
  EXPECT_EQ(kept_of({.count = 1, .easy = 2}, {1, 2, 3, 4}, {0.1F, 0.9F, 0.5F, 0.7F}, 4),
            (std::vector<int>{1, 1, 0, 1}));
}

TEST(HardChoice, NothingAndRepeatsDoNotCount) {
  // -1: none was left to draw. Node 5 comes twice, and once among the easy.
  EXPECT_EQ(kept_of({.count = 2}, {-1, 5, 5, 3}, {9, 2, 2, 1}, 4), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(kept_of({.count = 1, .easy = 1}, {5, 5, 3, -1}, {9, 9, 1, 8}, 4), (std::vector<int>{1, 0, 1, 0}));
  EXPECT_EQ(kept_of({.count = 3, .skip = 1}, {-1, 4}, {1, 1}, 2), (std::vector<int>{0, 0}))
      << "what is passed over leaves nothing";
}

}  // namespace
}  // namespace weft::gnn
