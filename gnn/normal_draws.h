// What free vectors begin as, in models that need no Torch.
#pragma once

#include <cstdint>
#include <span>

namespace weft::gnn {

// Normal draws of mean 0: element i depends on seed, purpose (apart from the samplers', sampling/picks.h) and
// i alone.
void fill_normal(std::span<float> values, double deviation, std::uint64_t seed, std::uint32_t purpose);

}  // namespace weft::gnn
