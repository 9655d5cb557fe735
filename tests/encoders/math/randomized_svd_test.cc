#include "encoders/math/randomized_svd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "base/thread_pool.h"

namespace weft::encoders {
namespace {

using Table = std::vector<std::vector<double>>;

// Rows x cols with singular values that fall like 1 / (1 + i), and most entries zero if `sparse`.
Table random_table(std::size_t rows, std::size_t cols, std::uint32_t seed, bool sparse) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Table t(rows, std::vector<double>(cols, 0.0));
  if (sparse) {
    for (auto& row : t) {
      for (std::size_t k = 0; k < 6; ++k) row[random() % cols] = normal(random);
    }
    return t;
  }
  for (std::size_t r = 0; r < std::min(rows, cols); ++r) {
    std::vector<double> u(rows);
    std::vector<double> v(cols);
    for (double& x : u) x = normal(random);
    for (double& x : v) x = normal(random);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < cols; ++j) t[i][j] += u[i] * v[j] / static_cast<double>(1 + r * r);
    }
  }
  return t;
}

SparseMatrix to_sparse(const Table& t) {
  SparseMatrix m{.cols = t[0].size()};
  for (const auto& row : t) {
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (row[j] == 0) continue;
      m.columns.push_back(static_cast<std::uint32_t>(j));
      m.values.push_back(static_cast<float>(row[j]));
    }
    m.offsets.push_back(m.values.size());
  }
  return m;
}

DenseMatrix to_dense(const Table& t) {
  DenseMatrix m(t.size(), t[0].size());
  for (std::size_t i = 0; i < t.size(); ++i) {
    for (std::size_t j = 0; j < t[i].size(); ++j) m.row(i)[j] = static_cast<float>(t[i][j]);
  }
  return m;
}

// The leading singular value and right vector by plain power iteration on A'A, then deflation.
struct Plain {
  std::vector<double> values;
  Table vectors;
};
Plain plain_svd(Table a, std::size_t rank) {
  Plain out;
  const std::size_t cols = a[0].size();
  for (std::size_t r = 0; r < rank; ++r) {
    std::vector<double> v(cols);
    for (std::size_t j = 0; j < cols; ++j) v[j] = std::sin(static_cast<double>(j * j + 1 + r));
    double sigma = 0;
    for (int it = 0; it < 3000; ++it) {
      std::vector<double> next(cols, 0.0);
      for (const auto& row : a) {
        double dot = 0;
        for (std::size_t j = 0; j < cols; ++j) dot += row[j] * v[j];
        for (std::size_t j = 0; j < cols; ++j) next[j] += dot * row[j];
      }
      double length = 0;
      for (const double x : next) length += x * x;
      length = std::sqrt(length);
      for (std::size_t j = 0; j < cols; ++j) v[j] = next[j] / length;
      sigma = std::sqrt(length);
    }
    for (auto& row : a) {
      double dot = 0;
      for (std::size_t j = 0; j < cols; ++j) dot += row[j] * v[j];
      for (std::size_t j = 0; j < cols; ++j) row[j] -= dot * v[j];
    }
    out.values.push_back(sigma);
    out.vectors.push_back(v);
  }
  return out;
}

void expect_close(const TruncatedSvd& got, const Plain& want, double tolerance) {
  ASSERT_EQ(got.singular_values.size(), want.values.size());
  for (std::size_t r = 0; r < want.values.size(); ++r) {
    EXPECT_NEAR(got.singular_values[r] / want.values[r], 1, tolerance) << "value " << r;
    double dot = 0;
    for (std::size_t j = 0; j < want.vectors[r].size(); ++j) dot += got.right.row(j)[r] * want.vectors[r][j];
    EXPECT_NEAR(std::abs(dot), 1, tolerance) << "vector " << r;
  }
}

TEST(RandomizedSvd, AgreesWithPowerIterationOnDenseMatrices) {
  for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{60, 40}, {30, 70}}) {
    const Table t = random_table(rows, cols, 7, false);
    const DenseMatrix m = to_dense(t);
    const TruncatedSvd svd = randomized_svd(DenseOperator(m), {.rank = 5, .seed = 3}, nullptr);
    expect_close(svd, plain_svd(t, 5), 2e-5);
  }
}

TEST(RandomizedSvd, AgreesWithPowerIterationOnSparseMatrices) {
  const Table t = random_table(80, 30, 5, true);
  const SparseMatrix m = to_sparse(t);
  // A flat spectrum: more iterations until the subspace is exact.
  const TruncatedSvd svd =
      randomized_svd(SparseOperator(m), {.rank = 3, .oversample = 15, .power_iterations = 40}, nullptr);
  expect_close(svd, plain_svd(t, 3), 2e-4);
}

TEST(RandomizedSvd, FindsNoMoreDirectionsThanThereAre) {
  Table t(20, std::vector<double>(9, 0.0));
  for (std::size_t i = 0; i < 20; ++i) {
    for (std::size_t j = 0; j < 9; ++j)
      t[i][j] = static_cast<double>(i) * 0.1 + static_cast<double>(j * j);  // rank 2
  }
  const DenseMatrix m = to_dense(t);
  const TruncatedSvd svd = randomized_svd(DenseOperator(m), {.rank = 8}, nullptr);
  EXPECT_EQ(svd.singular_values.size(), 2U);
  const SparseMatrix empty{.cols = 4};
  EXPECT_TRUE(randomized_svd(SparseOperator(empty), {.rank = 8}, nullptr).singular_values.empty());
  const DenseMatrix zero(5, 4);
  EXPECT_TRUE(randomized_svd(DenseOperator(zero), {.rank = 2}, nullptr).singular_values.empty());
}

TEST(RandomizedSvd, ColumnsAreOrthonormalAndTheSameOnAnyNumberOfThreads) {
  const Table t = random_table(700, 90, 11, true);
  const SparseMatrix m = to_sparse(t);
  ThreadPool two(2);
  ThreadPool five(5);
  const TruncatedSvd one = randomized_svd(SparseOperator(m), {.rank = 40}, nullptr);
  for (ThreadPool* pool : {&two, &five}) {
    const TruncatedSvd other = randomized_svd(SparseOperator(m), {.rank = 40}, pool);
    EXPECT_EQ(one.singular_values, other.singular_values);
    for (std::size_t i = 0; i < 90; ++i) {
      EXPECT_EQ(std::memcmp(one.right.row(i), other.right.row(i), 40 * sizeof(float)), 0) << i;
    }
  }
  for (std::size_t a = 0; a < 40; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      double dot = 0;
      for (std::size_t i = 0; i < 90; ++i)
        dot += static_cast<double>(one.right.row(i)[a]) * one.right.row(i)[b];
      EXPECT_NEAR(dot, a == b ? 1 : 0, 1e-5);
    }
  }
}

TEST(MatrixOperators, SparseAndDenseProductsAreTheNaiveOnes) {
  const Table t = random_table(33, 21, 2, true);
  const SparseMatrix sparse = to_sparse(t);
  const DenseMatrix dense = to_dense(t);
  DenseMatrix x(21, 3);
  DenseMatrix y(33, 3);
  for (std::size_t i = 0; i < 33; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      y.row(i)[c] = static_cast<float>(i) - static_cast<float>(c * 7);
      if (i < 21) x.row(i)[c] = static_cast<float>(i * c) * 0.25F + 1;
    }
  }
  const SparseOperator s(sparse);
  const DenseOperator d(dense);
  for (const MatrixOperator* op :
       {static_cast<const MatrixOperator*>(&s), static_cast<const MatrixOperator*>(&d)}) {
    const DenseMatrix ax = op->times(x, nullptr);
    const DenseMatrix aty = op->transposed_times(y, nullptr);
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t i = 0; i < 33; ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < 21; ++j) sum += t[i][j] * x.row(j)[c];
        EXPECT_NEAR(ax.row(i)[c], sum, 1e-4);
      }
      for (std::size_t j = 0; j < 21; ++j) {
        double sum = 0;
        for (std::size_t i = 0; i < 33; ++i) sum += t[i][j] * y.row(i)[c];
        EXPECT_NEAR(aty.row(j)[c], sum, 1e-4);
      }
    }
  }
}

}  // namespace
}  // namespace weft::encoders
