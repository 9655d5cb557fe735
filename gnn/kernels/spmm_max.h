// The largest of a row's gathered numbers, column by column: the max aggregator of GraphSAGE (Hamilton et al.
// 2017), with optional edge weights, forward and backward. Threads and layout as in gnn/kernels/spmm.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/thread_pool.h"
#include "gnn/kernels/spmm.h"

namespace weft::gnn {

inline constexpr std::uint32_t kNoEdge = std::numeric_limits<std::uint32_t>::max();

// out[r, d] = max over the row's edges e of w_e x[c_e, d], 0 for a row without edges; winners[r, d] = the
// first edge that reaches it, or kNoEdge. NaN counts as the largest. Both [rows, dim]. Fewer than 2^32 - 1
// edges, heads = 1.
template <typename Offset>
void spmm_max(const SparseRows<Offset>& a, std::span<const float> x, std::size_t dim, std::span<float> out,
              std::span<std::uint32_t> winners, ThreadPool* pool);

// Gradients: all of grad_out[r, d] goes to the winner. Overwrite grad_x [columns, dim] and grad_weights
// [edges].
template <typename Offset>
void spmm_max_grad_x(const SparseRows<Offset>& a, const TransposedRows& transposed,
                     std::span<const std::uint32_t> winners, std::span<const float> grad_out, std::size_t dim,
                     std::span<float> grad_x, ThreadPool* pool);
template <typename Offset>
void spmm_max_grad_weights(const SparseRows<Offset>& a, std::span<const float> x,
                           std::span<const std::uint32_t> winners, std::span<const float> grad_out,
                           std::size_t dim, std::span<float> grad_weights, ThreadPool* pool);

}  // namespace weft::gnn
