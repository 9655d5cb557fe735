// The launches of sampling/sample_plan.h. Internal to the CUDA plugin.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "sampling/sample_plan.h"

namespace weft::sampling {

// Bytes of scratch for running sums of so many numbers.
cudaError_t sum_scratch_cuda(std::uint32_t numbers, std::size_t* bytes);
// Asynchronous.
cudaError_t sample_cuda(const SamplePlan& plan, cudaStream_t stream);
// The same launches as a graph; nothing runs yet.
cudaError_t record_sample_cuda(const SamplePlan& plan, cudaStream_t stream, cudaGraphExec_t* recorded);

}  // namespace weft::sampling
