// Sparse times dense on the CPU: sums or weighted means of gathered rows, forward and backward, with one
// weight an edge or one for each of several heads. Uses the vectors that base/instructions.h chooses.
//
// Every output row is computed by one thread in the order of its edges, so results do not depend on the
// number of threads. Matrices are row-major, of float32 or, as a way to store them, bfloat16; sums are in
// float32. `pool` may be null (the calling thread does it all).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "gnn/kernels/bfloat16.h"

namespace weft::gnn {

enum class Reduce {
  kSum,   // out[r] = sum_e w_e x[c_e]
  kMean,  // the sum over the sum of the row's weights (the number of its edges if unweighted); zero where
          // that is zero. Sums nearer to zero than 1e-12 count as that.
};

// Rows of column numbers; Offset is uint32 (sampled blocks) or uint64 (whole graphs). Does not own its
// memory.
template <typename Offset>
struct SparseRows {
  std::span<const Offset> offsets = {};         // [rows + 1]
  std::span<const std::uint32_t> columns = {};  // [edges], in range of x's rows: not checked
  std::span<const float> weights = {};          // [edges, heads] or empty (all 1)
  // The width is cut into so many equal parts, each with weights of its own (heads of an attention). More
  // than one: for kSum only.
  std::size_t heads = 1;
  std::size_t rows() const { return offsets.empty() ? 0 : offsets.size() - 1; }
};

// Of each row the sum of its weights (the number of its edges if unweighted), and what kMean multiplies the
// row's sum with. One head.
template <typename Offset>
std::vector<float> weight_sums(const SparseRows<Offset>& a);
template <typename Offset>
std::vector<float> mean_scales(const SparseRows<Offset>& a);

// out [rows, dim] = rows reduced over x [columns, dim].
template <typename Offset>
void spmm(const SparseRows<Offset>& a, std::span<const float> x, std::size_t dim, Reduce reduce,
          std::span<float> out, ThreadPool* pool);
template <typename Offset>
void spmm(const SparseRows<Offset>& a, std::span<const BFloat16> x, std::size_t dim, Reduce reduce,
          std::span<float> out, ThreadPool* pool);
template <typename Offset>
void spmm(const SparseRows<Offset>& a, std::span<const BFloat16> x, std::size_t dim, Reduce reduce,
          std::span<BFloat16> out, ThreadPool* pool);

// The same matrix by columns: for each column the rows that name it, in the order of
// the edges, and the position of each edge.
// Weights stay in the forward order and are looked up by `edges`.
struct TransposedRows {
  std::vector<std::uint32_t> offsets = {};  // [columns + 1]
  std::vector<std::uint32_t> rows = {};     // [edges]
  std::vector<std::uint32_t> edges = {};    // [edges], position in the forward matrix
};
template <typename Offset>
TransposedRows transpose(const SparseRows<Offset>& a, std::size_t columns);

// Gradient of spmm with respect to x: grad_x [columns, dim] from grad_out [rows, dim]. Overwrites grad_x.
template <typename Offset>
void spmm_grad_x(const SparseRows<Offset>& a, const TransposedRows& transposed,
                 std::span<const float> grad_out, std::size_t dim, Reduce reduce, std::span<float> grad_x,
                 ThreadPool* pool);
template <typename Offset>
void spmm_grad_x(const SparseRows<Offset>& a, const TransposedRows& transposed,
                 std::span<const float> grad_out, std::size_t dim, Reduce reduce, std::span<BFloat16> grad_x,
                 ThreadPool* pool);
template <typename Offset>
void spmm_grad_x(const SparseRows<Offset>& a, const TransposedRows& transposed,
                 std::span<const BFloat16> grad_out, std::size_t dim, Reduce reduce,
                 std::span<BFloat16> grad_x, ThreadPool* pool);

// Gradient with respect to the weights: grad_weights [edges, heads]. `out` is spmm's result (used by kMean).
template <typename Offset>
void spmm_grad_weights(const SparseRows<Offset>& a, std::span<const float> x, std::span<const float> out,
                       std::span<const float> grad_out, std::size_t dim, Reduce reduce,
                       std::span<float> grad_weights, ThreadPool* pool);

}  // namespace weft::gnn
