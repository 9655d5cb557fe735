#include "encoders/math/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace weft::encoders {
namespace {

constexpr int kMaxSweeps = 60;  // a sweep squares the off-diagonal part: under ten are usual

void rotate_rows(double* a, double* b, std::size_t n, double c, double s) {
  for (std::size_t k = 0; k < n; ++k) {
    const double x = a[k];
    const double y = b[k];
    a[k] = c * x - s * y;
    b[k] = s * x + c * y;
  }
}

// One rotation that makes m[p][q] zero. Only rows are rotated in full; columns p and q follow from symmetry.
void rotate(std::vector<double>& m, std::vector<double>& vectors, std::size_t n, std::size_t p,
            std::size_t q) {
  const double apq = m[p * n + q];
  const double app = m[p * n + p];
  const double aqq = m[q * n + q];
  const double theta = (aqq - app) / (2 * apq);
  const double t = (theta >= 0 ? 1.0 : -1.0) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1);
  const double s = t * c;
  rotate_rows(&m[p * n], &m[q * n], n, c, s);
  for (std::size_t k = 0; k < n; ++k) {
    m[k * n + p] = m[p * n + k];
    m[k * n + q] = m[q * n + k];
  }
  m[p * n + p] = app - t * apq;
  m[q * n + q] = aqq + t * apq;
  m[p * n + q] = m[q * n + p] = 0;
  rotate_rows(&vectors[p * n], &vectors[q * n], n, c, s);
}

}  // namespace

SymmetricEigen symmetric_eigen(std::vector<double> matrix, std::size_t n) {
  WEFT_CHECK(matrix.size() == n * n);
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) matrix[i * n + j] = matrix[j * n + i];
    for (std::size_t j = 0; j < n; ++j) total += matrix[i * n + j] * matrix[i * n + j];
  }
  std::vector<double> vectors(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) vectors[i * n + i] = 1;

  const double tiny = std::sqrt(total) * 1e-15 / std::max<double>(1, static_cast<double>(n));
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    bool rotated = false;
    for (std::size_t p = 0; p + 1 < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        if (std::abs(matrix[p * n + q]) <= tiny) continue;
        rotate(matrix, vectors, n, p, q);
        rotated = true;
      }
    }
    if (!rotated) break;
  }

  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return matrix[a * n + a] > matrix[b * n + b]; });
  SymmetricEigen result{.values = std::vector<double>(n), .vectors = std::vector<double>(n * n)};
  for (std::size_t i = 0; i < n; ++i) {
    const double* from = &vectors[order[i] * n];
    result.values[i] = matrix[order[i] * n + order[i]];
    const double* largest =
        std::max_element(from, from + n, [](double a, double b) { return std::abs(a) < std::abs(b); });
    const double sign = *largest < 0 ? -1 : 1;
    for (std::size_t k = 0; k < n; ++k) result.vectors[i * n + k] = sign * from[k];
  }
  return result;
}

}  // namespace weft::encoders
