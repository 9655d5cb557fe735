#include "sampling/negative_draws_cuda.h"

namespace weft::sampling {
namespace {

constexpr unsigned kThreads = 256;
constexpr std::uint64_t kMostBlocks = 1u << 16;  // the kernel strides over the rest

__global__ void __launch_bounds__(kThreads) negatives_kernel(NegativeJob job) {
  const std::uint64_t draws = std::uint64_t{job.count} * job.per_row;
  const std::uint64_t stride = std::uint64_t{gridDim.x} * kThreads;
  for (std::uint64_t at = std::uint64_t{blockIdx.x} * kThreads + threadIdx.x; at < draws; at += stride) {
    const auto row = static_cast<std::uint32_t>(at / job.per_row);
    const auto j = static_cast<std::uint32_t>(at % job.per_row);
    job.out[at] = draw_negative(job.tables, job.key, job.rows[row], job.keys[row],
                                job.before == nullptr ? graph::kEndOfTime : job.before[row], j);
  }
}

}  // namespace

cudaError_t negatives_cuda(const NegativeJob& job, cudaStream_t stream) {
  const std::uint64_t draws = std::uint64_t{job.count} * job.per_row;
  if (draws == 0) return cudaSuccess;
  const std::uint64_t wanted = (draws - 1) / kThreads + 1;
  negatives_kernel<<<static_cast<unsigned>(wanted < kMostBlocks ? wanted : kMostBlocks), kThreads, 0,
                     stream>>>(job);
  return cudaGetLastError();
}

}  // namespace weft::sampling
