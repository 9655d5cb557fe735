// Torch autograd functions for attention over sampled blocks (Velickovic et al. 2018, Graph Attention
// Networks): coefficients by a softmax over each row's edges, and the sum of messages that they weigh.
//
// Offsets [rows + 1] and sources [edges or more]: as in sampling::RelationBlock; copied where backward needs
// them. float32 on the CPU. The same to the last bit for any number of threads.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>

#include "base/thread_pool.h"

namespace weft::gnn {

// scores [edges, heads] -> softmax over the edges of each row, head by head. Rows of the tensor past
// offsets.back() come out as zero. Throws Error if there are fewer than offsets.back().
torch::Tensor segment_softmax(const torch::Tensor& scores, std::span<const std::uint32_t> offsets,
                              ThreadPool* pool = nullptr);

// out[r, h, :] = sum over the row's edges e of coefficients[e, h] x[sources[e], h, :], with the width of x
// [senders, dim] cut into `heads` equal parts. coefficients [sources.size(), heads]. Returns [rows, dim].
// Gradients flow to both. Throws Error if a source is out of range or sizes do not match.
torch::Tensor attention_sum(const torch::Tensor& x, const torch::Tensor& coefficients,
                            std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> sources,
                            ThreadPool* pool = nullptr);

}  // namespace weft::gnn
