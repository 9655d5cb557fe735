// Row-major float matrices whose rows start on multiples of 16 floats, so that loops over columns run in
// whole stripes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace weft::encoders {

// Columns between cols and stride are zero and stay so.
class DenseMatrix {
 public:
  static constexpr std::size_t kStripe = 16;

  DenseMatrix() = default;
  DenseMatrix(std::size_t rows, std::size_t cols)
      : rows_(rows),
        cols_(cols),
        stride_((cols + kStripe - 1) / kStripe * kStripe),
        values_(rows * stride_, 0.0F) {}

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t stride() const { return stride_; }
  float* row(std::size_t i) { return values_.data() + i * stride_; }
  const float* row(std::size_t i) const { return values_.data() + i * stride_; }
  std::span<const float> row_span(std::size_t i) const { return {row(i), cols_}; }
  std::span<float> row_span(std::size_t i) { return {row(i), cols_}; }

 private:
  std::size_t rows_ = 0, cols_ = 0, stride_ = 0;
  std::vector<float> values_;
};

}  // namespace weft::encoders
