#include "sampling/floyd_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weft::sampling {
namespace {

class FloydRows : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Instructions, FloydRows, ::testing::Values("generic", "avx512"),
                         [](const auto& test) { return std::string(test.param); });

// Rows hardly longer than k (many steps taken, also replacements of replacements), rows of any length, and
// rows of 3 * 2^30 edges, where a quarter of the words is rejected.
TEST_P(FloydRows, EqualTheScalarForm) {
  std::mt19937 random(7);
  for (const std::uint32_t k :
       {1u, 2u, 3u, 4u, 7u, 10u, 15u, 16u, 17u, 31u, 32u, 33u, 64u, 100u, 128u, 129u, 300u}) {
    for (int round = 0; round < 40; ++round) {
      std::vector<FloydRow> rows(random() % 40);
      std::uint32_t at = 3;
      for (FloydRow& row : rows) {
        row = {.node = static_cast<std::uint32_t>(random()),
               .root = static_cast<std::uint32_t>(random() % 3 == 0 ? 0 : random())};
        const std::uint32_t kind = random() % 8;
        row.length = kind == 0 ? 3u << 30
                               : k + 1 +
                                     static_cast<std::uint32_t>(random() % (kind < 4   ? 8
                                                                            : kind < 7 ? 200
                                                                                       : 1000000));
        row.start = kind == 0 ? 0 : static_cast<std::uint32_t>(random() % 1000000);
        row.at = at;
        at += k + static_cast<std::uint32_t>(random() % 3);  // gaps stay as they are
      }
      const PhiloxKey key = pick_key(random(), static_cast<std::uint32_t>(random()));
      const std::uint32_t purpose = purpose_word(Purpose::kNeighbours, 3, 1);
      std::vector<std::uint32_t> expected(at, 77);
      for (const FloydRow& row : rows) {
        floyd_picks({key, row.node, purpose, row.root}, row.length, k, expected.data() + row.at);
        for (std::uint32_t i = 0; i < k; ++i) expected[row.at + i] += row.start;
      }
      std::vector<std::uint32_t> out(at, 77);
      if (!internal::floyd_rows_with(GetParam(), key, purpose, k, rows, out.data())) {
        GTEST_SKIP() << "this processor has no " << GetParam();
      }
      ASSERT_EQ(out, expected) << "k " << k << ", round " << round;
    }
  }
}

TEST_P(FloydRows, WordsAreThoseOfTheRowsStreams) {
  std::mt19937 random(8);
  for (const std::uint32_t tiles : {1u, 2u, 5u}) {
    for (std::size_t count = 0; count < 6; ++count) {
      std::vector<FloydRow> rows(count);
      for (FloydRow& row : rows)
        row = {static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random())};
      const PhiloxKey key = pick_key(random(), 3);
      std::vector<std::uint32_t> out(count * 16 * tiles);
      if (!internal::row_words_with(GetParam(), key, 99, tiles, rows, out.data())) {
        GTEST_SKIP() << "this processor has no " << GetParam();
      }
      for (std::size_t i = 0; i < out.size(); ++i) {
        const FloydRow& row = rows[i / (16 * tiles)];
        const DrawStream stream{key, row.node, 99, row.root};
        ASSERT_EQ(out[i], stream.word(static_cast<std::uint32_t>(i % (16 * tiles))));
      }
    }
  }
}

}  // namespace
}  // namespace weft::sampling
