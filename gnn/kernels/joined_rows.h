// Rows that a layer multiplies with its weights, put together column group by column group: a receiver's own
// state, and for each relation the sum or mean of its senders' rows. Made a few rows at a time, so that they
// are multiplied while they lie in the cache.
//
// Each row is made by one thread in the order of its edges: chunks and threads do not change a bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weft::gnn {

// Columns [column, column + dim). Does not own its memory.
//   values and offsets    scale[r] * sum over the row's edges e of weights[e] * values[sources[e]], and with
//                         `shrinkage` that sum divided by mass[r] + shrinkage, column by column
//   values alone          values[r] * scale[r]
//   neither, or offsets   `fill`, with offsets in rows that have edges and 0 in the others
// Null scale and weights stand for 1.
struct JoinedPart {
  std::size_t column = 0, dim = 0;
  const float* values = nullptr;  // row i at values + i * stride
  std::size_t stride = 0;
  const std::uint32_t* offsets = nullptr;  // [rows + 1]
  const std::uint32_t* sources = nullptr;  // [edges]
  std::size_t edges = 0;                   // length of sources
  const float* weights = nullptr;          // [edges]
  const float* scale = nullptr;            // [rows]
  const float* shrinkage = nullptr;        // [dim]
  const float* mass = nullptr;             // [rows]; with shrinkage alone. Where mass + shrinkage is 0: 0
  float fill = 0;
};

// Writes the parts' columns of rows [begin, end); row r at out + r * stride.
void join_rows(std::span<const JoinedPart> parts, std::size_t begin, std::size_t end, float* out,
               std::size_t stride);

// From the gradient with respect to a part with offsets, that with respect to the weighted sums of its
// senders, in place: rows [begin, end), row r at grad + r * grad_stride. `joined`: row r of the part at
// joined
// + r * joined_stride, read with shrinkage or grad_mass alone. Adds to grad_shrinkage [dim] and writes
// grad_mass [rows], the gradient with respect to the sum of the row's weights; null: not wanted. Scales are
// taken for scale = 1 / that sum without shrinkage, and mass = scale x that sum with it.
void unscale_gradient(const JoinedPart& part, std::size_t begin, std::size_t end, const float* joined,
                      std::size_t joined_stride, float* grad, std::size_t grad_stride, float* grad_shrinkage,
                      float* grad_mass);

}  // namespace weft::gnn
