// The leading singular values and right singular vectors of a large matrix by random projection and power
// iterations: Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011,
// algorithms 4.4 and 5.1. Orthonormal bases by the Gram matrix (Stathopoulos and Wu, "A block
// orthogonalization procedure with constant synchronization requirements", SIAM J. Sci. Comput. 23(6), 2002),
// which also drops directions that are not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "encoders/math/dense_matrix.h"

namespace weft {
class ThreadPool;
}

namespace weft::encoders {

// A matrix A known by its products. Results must not depend on `pool` (none = the caller's thread).
class MatrixOperator {
 public:
  virtual ~MatrixOperator() = default;
  virtual std::size_t rows() const = 0;
  virtual std::size_t cols() const = 0;
  virtual DenseMatrix times(const DenseMatrix& x, ThreadPool* pool) const = 0;  // A x,  x: [cols, k]
  virtual DenseMatrix transposed_times(const DenseMatrix& y,
                                       ThreadPool* pool) const = 0;  // A' y, y: [rows, k]
};

// Compressed rows of floats.
struct SparseMatrix {
  std::size_t cols = 0;
  std::vector<std::uint64_t> offsets = {0};  // [rows + 1]
  std::vector<std::uint32_t> columns = {};   // [nonzeros]
  std::vector<float> values = {};            // [nonzeros]
  std::size_t rows() const { return offsets.size() - 1; }
};

// Both keep a reference: the matrix must outlive the operator.
class SparseOperator final : public MatrixOperator {
 public:
  explicit SparseOperator(const SparseMatrix& matrix) : matrix_(matrix) {}
  std::size_t rows() const override { return matrix_.rows(); }
  std::size_t cols() const override { return matrix_.cols; }
  DenseMatrix times(const DenseMatrix& x, ThreadPool* pool) const override;
  DenseMatrix transposed_times(const DenseMatrix& y, ThreadPool* pool) const override;

 private:
  const SparseMatrix& matrix_;
};

class DenseOperator final : public MatrixOperator {
 public:
  explicit DenseOperator(const DenseMatrix& matrix) : matrix_(matrix) {}
  std::size_t rows() const override { return matrix_.rows(); }
  std::size_t cols() const override { return matrix_.cols(); }
  DenseMatrix times(const DenseMatrix& x, ThreadPool* pool) const override;
  DenseMatrix transposed_times(const DenseMatrix& y, ThreadPool* pool) const override;

 private:
  const DenseMatrix& matrix_;
};

struct SvdOptions {
  std::size_t rank = 128;
  std::size_t oversample = 10;
  std::size_t power_iterations = 4;
  std::uint64_t seed = 1;
};

struct TruncatedSvd {
  std::vector<double> singular_values;  // [found], descending; found <= rank: fewer if A has a lower rank
  DenseMatrix right;  // [cols, found], orthonormal columns; in each, the largest component is positive
};

TruncatedSvd randomized_svd(const MatrixOperator& a, const SvdOptions& options, ThreadPool* pool);

// X' X of [n, k], in double, summed in an order that does not depend on the threads. [k, k] row-major.
std::vector<double> gram_matrix(const DenseMatrix& x, ThreadPool* pool);

// X T' of [n, k] and `t` [m, k] row-major doubles: [n, m].
DenseMatrix times_transposed(const DenseMatrix& x, const std::vector<double>& t, std::size_t m,
                             ThreadPool* pool);

}  // namespace weft::encoders
