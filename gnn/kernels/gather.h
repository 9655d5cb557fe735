// The inner loop of all sparse products: sums of gathered rows, stored as float32 or bfloat16 and summed in
// float32, with the widest vectors that the processor has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "gnn/kernels/bfloat16.h"

namespace weft::gnn {

// out[i] = scale[r] * sum_e weights[e] * x[columns[e]] + add[r] over the edges e of row r = rows[i] (r = i if
// rows is null). Null pointers stand for 1 (weights, scale) and 0 (add). `add` may be `out` itself where rows
// is null; `x` may not. Each number is summed in the order of the edges. Offset: uint32 or uint64; In and
// Out: float or BFloat16. Fastest where rows of x begin on a cache line.
template <typename Offset, typename In = float, typename Out = float>
struct GatherJob {
  const Offset* offsets = nullptr;
  const std::uint32_t* columns = nullptr;
  std::size_t edges = 0;           // length of columns: how far prefetching may look
  const float* weights = nullptr;  // [edges, heads]
  std::size_t heads = 1;           // so many equal parts of a row have weights of their own
  const std::uint32_t* rows = nullptr;
  const float* scale = nullptr;
  const float* add = nullptr;
  const In* x = nullptr;
  std::size_t dim = 0;
  Out* out = nullptr;
  // From row to row of x, and of out (and add), where they are columns of wider matrices; 0: dim.
  std::size_t x_stride = 0, out_stride = 0;
};

// Computes out rows [begin, end).
template <typename Offset, typename In, typename Out>
void gather_rows(const GatherJob<Offset, In, Out>& job, std::size_t begin, std::size_t end);

// Dot product of two rows; the order of additions depends on the processor alone.
float dot(const float* a, const float* b, std::size_t dim);

// y += a * x
void add_scaled(float* y, const float* x, float a, std::size_t dim);

// Cuts [0, rows) into chunks of about equal work (edges plus a constant a row) and runs body(begin, end) on
// the pool, or all of it in this thread if the pool is null.
template <typename Offset>
void for_rows_by_edges(std::span<const Offset> offsets, ThreadPool* pool,
                       const std::function<void(std::size_t, std::size_t)>& body);

}  // namespace weft::gnn
