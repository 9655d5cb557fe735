// Products of tall matrices with small ones, as layers make them: thousands of rows, some hundred columns at
// most on the other sides. The calling thread works alone on the rows it is given, so that a caller can cut
// rows into chunks, make a chunk and multiply it while it lies in the cache.
//
// Every number of a result is summed in one order, whatever the chunks and the number of threads.
#pragma once

#include <cstddef>
#include <span>

#include "base/thread_pool.h"

namespace weft::gnn {

// Row-major, row r at values + r * stride. Does not own its memory.
struct MatrixView {
  const float* values = nullptr;
  std::size_t rows = 0, columns = 0, stride = 0;
};

// out rows [begin, end) = x rows [begin, end) times w. x [rows, k], w [k, n], out [rows, n] with a stride of
// its own; overwrites.
void multiply_rows(const MatrixView& x, const MatrixView& w, std::size_t begin, std::size_t end, float* out,
                   std::size_t out_stride);

// out [k, n] = x^T y for x [rows, k] and y [rows, n]: the gradient of w above from that of the result. out is
// contiguous and overwritten. Rows are summed in runs of a fixed length. `pool` may be null.
void multiply_transposed(const MatrixView& x, const MatrixView& y, std::span<float> out, ThreadPool* pool);

}  // namespace weft::gnn
