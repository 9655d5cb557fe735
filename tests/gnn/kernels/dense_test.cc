#include "gnn/kernels/dense.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weft::gnn {
namespace {

struct Numbers {
  std::vector<float> values;
  MatrixView view;
  Numbers(std::mt19937& random, std::size_t rows, std::size_t columns, std::size_t stride)
      : values(rows * stride) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (float& v : values) v = uniform(random);
    view = {.values = values.data(), .rows = rows, .columns = columns, .stride = stride};
  }
  double at(std::size_t row, std::size_t column) const { return values[row * view.stride + column]; }
};

TEST(MultiplyRows, EqualsLoopsForAllWidthsAndLeavesOtherRowsAlone) {
  std::mt19937 random(3);
  for (const std::size_t k : {0, 1, 3, 64, 330}) {
    for (const std::size_t n : {1, 4, 15, 16, 17, 48, 64, 65, 130}) {
      const std::size_t rows = 1 + random() % 20, out_stride = n + random() % 3;
      const Numbers x(random, rows, k, k + 2), w(random, k, n, n + 1);
      const std::size_t begin = random() % rows, end = begin + random() % (rows - begin + 1);
      std::vector<float> out(rows * out_stride, 7);
      multiply_rows(x.view, w.view, begin, end, out.data(), out_stride);
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < out_stride; ++c) {
          double sum = r >= begin && r < end && c < n ? 0 : 7;
          for (std::size_t p = 0; p < k && sum != 7; ++p) sum += x.at(r, p) * w.at(p, c);
          ASSERT_NEAR(out[r * out_stride + c], sum, 1e-4) << k << " " << n << " " << r << " " << c;
        }
      }
    }
  }
}

TEST(MultiplyRows, ChunksGiveTheSameBits) {
  std::mt19937 random(5);
  const Numbers x(random, 101, 70, 70), w(random, 70, 64, 64);
  std::vector<float> whole(101 * 64), cut(101 * 64);
  multiply_rows(x.view, w.view, 0, 101, whole.data(), 64);
  for (std::size_t begin = 0; begin < 101; begin += 7)
    multiply_rows(x.view, w.view, begin, std::min<std::size_t>(begin + 7, 101), cut.data(), 64);
  EXPECT_EQ(whole, cut);
}

TEST(MultiplyTransposed, EqualsLoopsWhateverTheThreads) {
  std::mt19937 random(4);
  ThreadPool pool(3);
  for (const std::size_t rows : {0, 1, 100, 5000}) {
    for (const std::size_t n : {1, 13, 64, 70}) {
      const std::size_t k = 1 + random() % 40;
      const Numbers x(random, rows, k, k + 3), y(random, rows, n, n + 1);
      std::vector<float> one(k * n, 5), several(k * n, 5);
      multiply_transposed(x.view, y.view, one, nullptr);
      multiply_transposed(x.view, y.view, several, &pool);
      EXPECT_EQ(one, several);
      for (std::size_t i = 0; i < k; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
          double sum = 0;
          for (std::size_t r = 0; r < rows; ++r) sum += x.at(r, i) * y.at(r, j);
          ASSERT_NEAR(one[i * n + j], sum, 1e-3) << rows << " " << i << " " << j;
        }
      }
    }
  }
}

}  // namespace
}  // namespace weft::gnn
