#include "encoders/math/randomized_svd.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "encoders/math/for_ranges.h"
#include "encoders/math/symmetric_eigen.h"

namespace weft::encoders {
namespace {

constexpr std::size_t kStripe = DenseMatrix::kStripe;
// Directions whose squared length is below this share of the largest count as rounding noise.
constexpr double kRankTolerance = 1e-9;

// out += scale * in, one stripe.
inline void add_stripe(float* out, const float* in, float scale) {
  for (std::size_t c = 0; c < kStripe; ++c) out[c] += scale * in[c];
}

std::uint64_t mix(std::uint64_t x) {  // SplitMix64's finaliser
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// Close to normal: the sum of four uniform 16-bit numbers, centred. Integer arithmetic, hence the same
// everywhere.
DenseMatrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  DenseMatrix out(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) {
      const std::uint64_t bits = mix(mix(seed) ^ (i * 0x10000 + j));
      const auto sum = static_cast<std::int64_t>((bits & 0xffff) + ((bits >> 16) & 0xffff) +
                                                 ((bits >> 32) & 0xffff) + (bits >> 48));
      out.row(i)[j] = static_cast<float>(sum - 2 * 65535) / 37837.0F;  // 37837: standard deviation of the sum
    }
  }
  return out;
}

// An orthonormal basis of the columns of x: x S V L^(-1/2) with the eigen decomposition V L V' of the Gram
// matrix of the columns scaled to length 1 (S). Directions that are not there are left out.
DenseMatrix orthonormal_once(const DenseMatrix& x, ThreadPool* pool) {
  const std::size_t k = x.cols();
  std::vector<double> gram = gram_matrix(x, pool);
  std::vector<double> scale(k);
  double longest = 0;
  for (std::size_t i = 0; i < k; ++i) longest = std::max(longest, gram[i * k + i]);
  for (std::size_t i = 0; i < k; ++i) {
    const double length = gram[i * k + i];
    scale[i] = length > longest * 1e-24 && length > 0 ? 1 / std::sqrt(length) : 0;
  }
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) gram[i * k + j] *= scale[i] * scale[j];
  }
  const SymmetricEigen eigen = symmetric_eigen(std::move(gram), k);
  std::size_t kept = 0;
  while (kept < k && eigen.values[kept] > kRankTolerance * eigen.values[0] && eigen.values[kept] > 0) ++kept;
  std::vector<double> transform(kept * k);
  for (std::size_t m = 0; m < kept; ++m) {
    for (std::size_t j = 0; j < k; ++j) {
      transform[m * k + j] = eigen.vectors[m * k + j] * scale[j] / std::sqrt(eigen.values[m]);
    }
  }
  return times_transposed(x, transform, kept, pool);
}

// The first pass leaves errors of float's precision times the condition number: enough between power
// iterations.
DenseMatrix orthonormal(const DenseMatrix& x, ThreadPool* pool) {
  return orthonormal_once(orthonormal_once(x, pool), pool);
}

}  // namespace

DenseMatrix SparseOperator::times(const DenseMatrix& x, ThreadPool* pool) const {
  WEFT_CHECK(x.rows() == cols());
  DenseMatrix out(rows(), x.cols());
  for_ranges(pool, rows(), 256, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      float* to = out.row(i);
      for (std::uint64_t e = matrix_.offsets[i]; e < matrix_.offsets[i + 1]; ++e) {
        const float* from = x.row(matrix_.columns[e]);
        for (std::size_t s = 0; s < x.stride(); s += kStripe) add_stripe(to + s, from + s, matrix_.values[e]);
      }
    }
  });
  return out;
}

DenseMatrix SparseOperator::transposed_times(const DenseMatrix& y, ThreadPool* pool) const {
  WEFT_CHECK(y.rows() == rows());
  DenseMatrix out(cols(), y.cols());
  // Each stripe of columns is one thread's own, so that no transposed copy and no locks are needed.
  for_ranges(pool, y.stride() / kStripe, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t s = begin * kStripe; s < end * kStripe; s += kStripe) {
      for (std::size_t i = 0; i < rows(); ++i) {
        const float* from = y.row(i) + s;
        for (std::uint64_t e = matrix_.offsets[i]; e < matrix_.offsets[i + 1]; ++e) {
          add_stripe(out.row(matrix_.columns[e]) + s, from, matrix_.values[e]);
        }
      }
    }
  });
  return out;
}

DenseMatrix DenseOperator::times(const DenseMatrix& x, ThreadPool* pool) const {
  WEFT_CHECK(x.rows() == cols());
  DenseMatrix out(rows(), x.cols());
  for_ranges(pool, rows(), 32, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const float* a = matrix_.row(i);
      float* to = out.row(i);
      for (std::size_t j = 0; j < cols(); ++j) {
        for (std::size_t s = 0; s < x.stride(); s += kStripe) add_stripe(to + s, x.row(j) + s, a[j]);
      }
    }
  });
  return out;
}

DenseMatrix DenseOperator::transposed_times(const DenseMatrix& y, ThreadPool* pool) const {
  WEFT_CHECK(y.rows() == rows());
  DenseMatrix out(cols(), y.cols());
  for_ranges(pool, cols(), 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = 0; i < rows(); ++i) {
      const float* a = matrix_.row(i);
      for (std::size_t j = begin; j < end; ++j) {
        for (std::size_t s = 0; s < y.stride(); s += kStripe) add_stripe(out.row(j) + s, y.row(i) + s, a[j]);
      }
    }
  });
  return out;
}

std::vector<double> gram_matrix(const DenseMatrix& x, ThreadPool* pool) {
  const std::size_t k = x.cols();
  // Blocks are cut by the matrix alone and summed in order; their number bounds the memory of the partial
  // sums.
  const std::size_t block = std::max<std::size_t>(512, (x.rows() + 63) / 64);
  const std::size_t blocks = (x.rows() + block - 1) / block;
  std::vector<std::vector<double>> partial(blocks);
  for_ranges(pool, blocks, 1, [&](std::size_t begin, std::size_t end) {
    std::vector<double> wide(k);
    for (std::size_t b = begin; b < end; ++b) {
      partial[b].assign(k * k, 0.0);
      for (std::size_t i = b * block; i < std::min(x.rows(), (b + 1) * block); ++i) {
        std::copy(x.row(i), x.row(i) + k, wide.begin());
        for (std::size_t p = 0; p < k; ++p) {
          const double scale = wide[p];
          double* sums = &partial[b][p * k];
          for (std::size_t q = p; q < k; ++q) sums[q] += scale * wide[q];
        }
      }
    }
  });
  std::vector<double> sum(k * k, 0.0);
  for (const std::vector<double>& part : partial) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
  }
  for (std::size_t p = 0; p < k; ++p) {
    for (std::size_t q = 0; q < p; ++q) sum[p * k + q] = sum[q * k + p];
  }
  return sum;
}

DenseMatrix times_transposed(const DenseMatrix& x, const std::vector<double>& t, std::size_t m,
                             ThreadPool* pool) {
  const std::size_t k = x.cols();
  WEFT_CHECK(t.size() == m * k);
  // t transposed, so that the inner loop runs over neighbours. Float: the sums are short, and it is the
  // larger part of the work.
  std::vector<float> columns(k * m);
  for (std::size_t j = 0; j < m; ++j) {
    for (std::size_t p = 0; p < k; ++p) columns[p * m + j] = static_cast<float>(t[j * k + p]);
  }
  DenseMatrix out(x.rows(), m);
  for_ranges(pool, x.rows(), 256, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      float* sums = out.row(i);
      for (std::size_t p = 0; p < k; ++p) {
        const float scale = x.row(i)[p];
        for (std::size_t j = 0; j < m; ++j) sums[j] += scale * columns[p * m + j];
      }
    }
  });
  return out;
}

TruncatedSvd randomized_svd(const MatrixOperator& a, const SvdOptions& options, ThreadPool* pool) {
  const std::size_t width = std::min({options.rank + options.oversample, a.rows(), a.cols()});
  TruncatedSvd result;
  result.right = DenseMatrix(a.cols(), 0);
  if (width == 0) return result;
  DenseMatrix basis = orthonormal(a.times(random_matrix(a.cols(), width, options.seed), pool), pool);
  for (std::size_t i = 0; i < options.power_iterations && basis.cols() > 0; ++i) {
    basis = orthonormal_once(a.transposed_times(basis, pool), pool);
    basis = a.times(basis, pool);
    basis = i + 1 < options.power_iterations ? orthonormal_once(basis, pool) : orthonormal(basis, pool);
  }
  if (basis.cols() == 0) return result;
  // B' = A' Q is tall: its Gram matrix B B' gives singular values and left vectors of B, and B' W / s the
  // right ones.
  const DenseMatrix projected = a.transposed_times(basis, pool);
  const std::size_t k = projected.cols();
  const SymmetricEigen eigen = symmetric_eigen(gram_matrix(projected, pool), k);
  std::size_t found = 0;
  while (found < std::min(k, options.rank) && eigen.values[found] > kRankTolerance * eigen.values[0] &&
         eigen.values[found] > 0) {
    result.singular_values.push_back(std::sqrt(eigen.values[found]));
    ++found;
  }
  std::vector<double> transform(found * k);
  for (std::size_t m = 0; m < found; ++m) {
    for (std::size_t j = 0; j < k; ++j)
      transform[m * k + j] = eigen.vectors[m * k + j] / result.singular_values[m];
  }
  result.right = times_transposed(projected, transform, found, pool);
  for (std::size_t m = 0; m < found; ++m) {
    float largest = 0;
    for (std::size_t i = 0; i < result.right.rows(); ++i) {
      if (std::abs(result.right.row(i)[m]) > std::abs(largest)) largest = result.right.row(i)[m];
    }
    for (std::size_t i = 0; largest < 0 && i < result.right.rows(); ++i) result.right.row(i)[m] *= -1;
  }
  return result;
}

}  // namespace weft::encoders
