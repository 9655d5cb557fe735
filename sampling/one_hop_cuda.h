// The device half of sampling/one_hop.h. Internal to the CUDA plugin.
#pragma once

#include <cuda_runtime_api.h>

#include "sampling/one_hop.h"

namespace weft::sampling {

// Asynchronous; all pointers are the device's.
cudaError_t one_hop_cuda(const OneHopGraph& graph, const OneHopFrontier& frontier, const OneHopPick& pick,
                         const OneHopResult& result, cudaStream_t stream);

}  // namespace weft::sampling
