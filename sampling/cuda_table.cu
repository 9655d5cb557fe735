#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <cstdio>

#include "sampling/blas_handle_cuda.h"
#include "sampling/cuda_table.h"
#include "sampling/negative_draws_cuda.h"
#include "sampling/one_hop_cuda.h"
#include "sampling/sample_plan_cuda.h"

namespace weft {
namespace {

const char* error_text(int error) {
  if (error < 0) return cublasGetStatusString(static_cast<cublasStatus_t>(-error));
  return cudaGetErrorString(static_cast<cudaError_t>(error));
}

int versions(int* driver, int* runtime) {
  if (const cudaError_t error = cudaDriverGetVersion(driver); error != cudaSuccess) return error;
  return cudaRuntimeGetVersion(runtime);
}

int device_count(int* count) {
  return cudaGetDeviceCount(count);
}

int device_info(int device, CudaDeviceInfo* info) {
  cudaDeviceProp properties;
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, device); error != cudaSuccess)
    return error;
  *info = {};
  std::snprintf(info->name, sizeof(info->name), "%s", properties.name);
  info->memory_bytes = properties.totalGlobalMem;
  info->capability_major = properties.major;
  info->capability_minor = properties.minor;
  info->multiprocessors = properties.multiProcessorCount;
  return cudaSuccess;
}

int use_device(int device) {
  return cudaSetDevice(device);
}
int allocate(void** memory, std::size_t bytes) {
  return cudaMalloc(memory, bytes);
}
int release(void* memory) {
  return cudaFree(memory);
}

int copy_to_device(void* to, const void* from, std::size_t bytes, void* stream) {
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, static_cast<cudaStream_t>(stream));
}

int copy_to_host(void* to, const void* from, std::size_t bytes, void* stream) {
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, static_cast<cudaStream_t>(stream));
}

int synchronize(void* stream) {
  return cudaStreamSynchronize(static_cast<cudaStream_t>(stream));
}

int create_stream(void** stream) {
  return cudaStreamCreateWithFlags(reinterpret_cast<cudaStream_t*>(stream), cudaStreamNonBlocking);
}
int destroy_stream(void* stream) {
  return cudaStreamDestroy(static_cast<cudaStream_t>(stream));
}
int allocate_pinned(void** memory, std::size_t bytes) {
  return cudaHostAlloc(memory, bytes, cudaHostAllocPortable | cudaHostAllocMapped);
}
int release_pinned(void* memory) {
  return cudaFreeHost(memory);
}
int fill(void* memory, std::uint8_t byte, std::size_t bytes, void* stream) {
  return cudaMemsetAsync(memory, byte, bytes, static_cast<cudaStream_t>(stream));
}

int sum_scratch(std::uint32_t numbers, std::size_t* bytes) {
  return sampling::sum_scratch_cuda(numbers, bytes);
}
int sample(const sampling::SamplePlan* plan, void* stream) {
  return sampling::sample_cuda(*plan, static_cast<cudaStream_t>(stream));
}
int sample_record(const sampling::SamplePlan* plan, void* stream, void** recorded) {
  return sampling::record_sample_cuda(*plan, static_cast<cudaStream_t>(stream),
                                      reinterpret_cast<cudaGraphExec_t*>(recorded));
}
int graph_replay(void* recorded, void* stream) {
  return cudaGraphLaunch(static_cast<cudaGraphExec_t>(recorded), static_cast<cudaStream_t>(stream));
}
int graph_release(void* recorded) {
  return cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(recorded));
}

int negatives(const sampling::NegativeJob* job, void* stream) {
  return sampling::negatives_cuda(*job, static_cast<cudaStream_t>(stream));
}

int one_hop(const sampling::OneHopGraph* graph, const sampling::OneHopFrontier* frontier,
            const sampling::OneHopPick* pick, const sampling::OneHopResult* result, void* stream) {
  return sampling::one_hop_cuda(*graph, *frontier, *pick, *result, static_cast<cudaStream_t>(stream));
}

int multiply(const float* a, const float* b, float* c, int rows, int inner, int columns, void* stream) {
  cublasHandle_t handle = nullptr;
  if (const cublasStatus_t status = blas_on(static_cast<cudaStream_t>(stream), &handle);
      status != CUBLAS_STATUS_SUCCESS)
    return -status;
  const float one = 1;
  const float zero = 0;
  // cuBLAS is column-major: row-major c = a b is column-major c' = b' a'.
  return -cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, columns, rows, inner, &one, b, columns, a, inner,
                      &zero, c, columns);
}

}  // namespace
}  // namespace weft

extern "C" __attribute__((visibility("default"))) const weft::CudaTable* weft_cuda_table() {
  static const weft::CudaTable table{.error_text = weft::error_text,
                                     .versions = weft::versions,
                                     .device_count = weft::device_count,
                                     .device_info = weft::device_info,
                                     .use_device = weft::use_device,
                                     .allocate = weft::allocate,
                                     .release = weft::release,
                                     .copy_to_device = weft::copy_to_device,
                                     .copy_to_host = weft::copy_to_host,
                                     .synchronize = weft::synchronize,
                                     .create_stream = weft::create_stream,
                                     .destroy_stream = weft::destroy_stream,
                                     .allocate_pinned = weft::allocate_pinned,
                                     .release_pinned = weft::release_pinned,
                                     .fill = weft::fill,
                                     .one_hop = weft::one_hop,
                                     .sum_scratch = weft::sum_scratch,
                                     .sample = weft::sample,
                                     .sample_record = weft::sample_record,
                                     .graph_replay = weft::graph_replay,
                                     .graph_release = weft::graph_release,
                                     .negatives = weft::negatives,
                                     .multiply = weft::multiply};
  return &table;
}
