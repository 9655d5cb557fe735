#include "gnn/kernels/concat_rows.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

namespace weft::gnn {
namespace {

TEST(ConcatRows, EqualsCopyingOneByOne) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> value(-2, 2);
  ThreadPool pool(2);
  for (const std::size_t rows : {0, 1, 5, 1000}) {
    const std::size_t table_rows = 37, first = 19, second = 1, third = 64;
    std::vector<float> a(table_rows * first), b(rows * second), c(table_rows * third), weights(rows * 3);
    for (auto* table : {&a, &b, &c, &weights}) {
      for (float& x : *table) x = value(random);
    }
    std::vector<std::uint32_t> ids(rows);
    for (auto& id : ids) id = static_cast<std::uint32_t>(random() % table_rows);
    const std::vector<RowBlock> blocks = {
        {.values = a.data(), .dim = first, .scale = 0.5F},
        {.values = b.data(),
         .dim = second,
         .by_id = false,
         .weights = weights.data() + 1,
         .weight_stride = 3},
        {.values = c.data(), .dim = third, .scale = 3, .weights = weights.data() + 2, .weight_stride = 3}};
    const std::size_t width = first + second + third;
    std::vector<float> out(rows * width, 99), same(rows * width, 99);
    concat_rows(blocks, ids, out, &pool);
    concat_rows(blocks, ids, same, nullptr);
    EXPECT_EQ(out, same);
    for (std::size_t i = 0; i < rows; ++i) {
      const float* row = out.data() + i * width;
      for (std::size_t d = 0; d < first; ++d) EXPECT_EQ(row[d], 0.5F * a[ids[i] * first + d]);
      EXPECT_EQ(row[first], weights[i * 3 + 1] * b[i]);
      for (std::size_t d = 0; d < third; ++d)
        EXPECT_EQ(row[first + 1 + d], 3 * weights[i * 3 + 2] * c[ids[i] * third + d]);
    }
  }
}

TEST(ConcatRows, WhatHasNoWeightIsZeroWhateverItHolds) {
  const std::vector<float> table = {std::numeric_limits<float>::quiet_NaN(), 1, 2, 3};
  const std::vector<float> weights = {0, 2};
  const std::vector<std::uint32_t> ids = {0, 1};
  std::vector<float> out(4);
  concat_rows(std::vector<RowBlock>{{.values = table.data(), .dim = 2, .weights = weights.data()}}, ids, out,
              nullptr);
  EXPECT_EQ(out, (std::vector<float>{0, 0, 4, 6}));
}

}  // namespace
}  // namespace weft::gnn
