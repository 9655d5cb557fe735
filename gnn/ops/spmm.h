// Torch autograd functions over gnn/kernels/spmm.h.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>

#include "base/thread_pool.h"

namespace weft::gnn {

// Weighted mean of gathered rows, for one relation of a sampled block: out[r] = sum_e w_e x[sources[e]] /
// sum_e w_e over the edges of row r, zero for rows without edges (or whose weights sum to zero).
//
// x [senders, dim] float32, or bfloat16 (storage alone: sums and the result are float32, the gradient of x is
// rounded to bfloat16; no gradient for weights then), contiguous or not; offsets [rows + 1] and sources
// [edges]: as in sampling::RelationBlock (copied where backward needs them, so the block may be re-used
// afterwards); weights [edges] float32, or an undefined tensor (all 1). Returns [rows, dim]. Gradients flow
// to x and to weights, the same to the last bit for any number of threads. Throws Error if a source is out of
// range of x or the sizes do not match.
torch::Tensor segment_weighted_mean(const torch::Tensor& x, std::span<const std::uint32_t> offsets,
                                    std::span<const std::uint32_t> sources, const torch::Tensor& weights = {},
                                    ThreadPool* pool = nullptr);

// As above without the division.
torch::Tensor segment_weighted_sum(const torch::Tensor& x, std::span<const std::uint32_t> offsets,
                                   std::span<const std::uint32_t> sources, const torch::Tensor& weights = {},
                                   ThreadPool* pool = nullptr);

// out[r, d] = max over the row's edges of w_e x[sources[e], d], zero for rows without edges; the gradient
// goes to the first edge that reaches it. x float32, otherwise as above.
torch::Tensor segment_weighted_max(const torch::Tensor& x, std::span<const std::uint32_t> offsets,
                                   std::span<const std::uint32_t> sources, const torch::Tensor& weights = {},
                                   ThreadPool* pool = nullptr);

// For a prefix of a block (a layer that needs fewer rows): pass offsets.first(rows + 1) and the whole of
// sources.

}  // namespace weft::gnn
