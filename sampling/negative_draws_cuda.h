// The launch of sampling/negative_draws.h. Internal to the CUDA plugin.
#pragma once

#include <cuda_runtime_api.h>

#include "sampling/negative_draws.h"

namespace weft::sampling {

// Asynchronous.
cudaError_t negatives_cuda(const NegativeJob& job, cudaStream_t stream);

}  // namespace weft::sampling
