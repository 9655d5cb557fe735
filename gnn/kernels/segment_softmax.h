// Softmax over the edges of each row, forward and backward: the coefficients of an attention (Velickovic et
// al. 2018, Graph Attention Networks, equation 3). The sum that they weigh is spmm with heads.
//
// Every row is computed by one thread in the order of its edges, so results do not depend on the number of
// threads. `pool` may be null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/thread_pool.h"

namespace weft::gnn {

// out[e, h] = exp(scores[e, h] - m) / sum over the row's edges of the same, m the row's largest: no overflow
// whatever the scores. A score of -infinity masks its edge; a row of nothing else gives zeros. scores and out
// [edges, heads], may be one; entries past offsets.back() are left as they are. exp is a polynomial with a
// relative error below 3e-7; below exp(-87) it is zero. Offset: uint32 or uint64.
template <typename Offset>
void segment_softmax(std::span<const Offset> offsets, std::size_t heads, std::span<const float> scores,
                     std::span<float> out, ThreadPool* pool);

// grad_scores [edges, heads] from `out`, the softmax, and grad_out. grad_scores may be grad_out itself.
template <typename Offset>
void segment_softmax_grad(std::span<const Offset> offsets, std::size_t heads, std::span<const float> out,
                          std::span<const float> grad_out, std::span<float> grad_scores, ThreadPool* pool);

}  // namespace weft::gnn
