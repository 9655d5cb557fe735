// The device half of gnn/kernels/device/jobs.h. Internal to the CUDA plugin. Asynchronous.
#pragma once

#include <cuda_runtime_api.h>

#include "gnn/kernels/device/bpr_job.h"
#include "gnn/kernels/device/jobs.h"

namespace weft::gnn {

// vector: 4 where four numbers of x may be loaded at once (aligned, and heads do not cut them), else 1.
cudaError_t gather_cuda(const DeviceGather& job, std::uint32_t vector, cudaStream_t stream);
cudaError_t gather_max_cuda(const DeviceGatherMax& job, cudaStream_t stream);
cudaError_t edge_dots_cuda(const DeviceEdgeDots& job, cudaStream_t stream);
cudaError_t softmax_cuda(const DeviceSoftmax& job, cudaStream_t stream);
cudaError_t adam_cuda(const DeviceAdam& job, cudaStream_t stream);
cudaError_t concat_cuda(const DeviceConcat& job, cudaStream_t stream);
cudaError_t bpr_cuda(const DeviceBpr& job, cudaStream_t stream);

}  // namespace weft::gnn
