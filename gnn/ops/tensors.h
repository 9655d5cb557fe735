// What the autograd wrappers of the kernels share: tensors seen as spans, block indexes kept for backward,
// and checks of what a caller gives.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>

#include "gnn/kernels/bfloat16.h"

namespace weft::gnn {

// Over a contiguous tensor's memory; empty for an undefined one.
std::span<const float> floats(const torch::Tensor& t);
std::span<float> mutable_floats(const torch::Tensor& t);
std::span<const BFloat16> bfloat16s(const torch::Tensor& t);
std::span<BFloat16> mutable_bfloat16s(const torch::Tensor& t);

// Torch has no arithmetic for uint32; int32 tensors carry the bits.
torch::Tensor copy_of(std::span<const std::uint32_t> values);
std::span<const std::uint32_t> unsigned_values(const torch::Tensor& t);
std::span<std::uint32_t> mutable_unsigned_values(const torch::Tensor& t);

// Throws Error if offsets go past `sources`, or a source is not below `senders`.
void check_block(std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> sources,
                 std::int64_t senders);

}  // namespace weft::gnn
