// Eigenvalues and eigenvectors of a small symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan,
// Matrix Computations, section 8.5): slow for thousands of rows, accurate, and the same on every run.
#pragma once

#include <cstddef>
#include <vector>

namespace weft::encoders {

struct SymmetricEigen {
  std::vector<double> values;   // [n], descending
  std::vector<double> vectors;  // [n, n], row-major; row i belongs to values[i], is of length 1, and its
                                // component largest in magnitude is positive
};

// `matrix`: [n, n] row-major, taken as symmetric (the upper triangle counts).
SymmetricEigen symmetric_eigen(std::vector<double> matrix, std::size_t n);

}  // namespace weft::encoders
