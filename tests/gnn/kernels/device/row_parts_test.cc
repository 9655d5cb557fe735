#include "gnn/kernels/device/row_parts.h"

#include <gtest/gtest.h>

#include <random>

namespace weft::gnn {
namespace {

TEST(RowParts, CoverEveryRowOnceAndInOrder) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t longest = 1 + random() % 20;
    std::vector<std::uint32_t> offsets = {
        static_cast<std::uint32_t>(random() % 3)};  // a slice may begin later
    const std::uint32_t rows = random() % 30;
    for (std::uint32_t r = 0; r < rows; ++r)
      offsets.push_back(offsets.back() + (random() % 3 == 0 ? 0 : random() % 70));
    const RowParts parts = cut_rows(offsets, longest);
    std::size_t at = 0, cut = 0;
    std::uint32_t slot = 0;
    for (std::uint32_t r = 0; r < rows; ++r) {
      const bool is_cut = offsets[r + 1] - offsets[r] > longest;
      if (is_cut) {
        ASSERT_LT(cut, parts.cut.size());
        EXPECT_EQ(parts.cut[cut].row, r);
        EXPECT_EQ(parts.cut[cut].first_slot, slot);
      }
      std::uint32_t edge = offsets[r], mine = 0;
      do {
        ASSERT_LT(at, parts.parts.size());
        const RowPart& part = parts.parts[at++];
        EXPECT_EQ(part.row, r);
        EXPECT_EQ(part.begin, edge);
        EXPECT_LE(part.end - part.begin, longest);
        EXPECT_EQ(part.slot, is_cut ? slot++ : kWholeRow);
        edge = part.end;
        ++mine;
      } while (edge < offsets[r + 1]);
      EXPECT_EQ(edge, offsets[r + 1]);
      if (is_cut) {
        EXPECT_EQ(parts.cut[cut++].slots, mine);
      }
    }
    EXPECT_EQ(at, parts.parts.size());
    EXPECT_EQ(cut, parts.cut.size());
    EXPECT_EQ(slot, parts.slots);
  }
}

TEST(RowParts, OfNothing) {
  EXPECT_TRUE(cut_rows({}).parts.empty());
  const std::vector<std::uint32_t> none = {0};
  EXPECT_TRUE(cut_rows(none).parts.empty());
}

}  // namespace
}  // namespace weft::gnn
