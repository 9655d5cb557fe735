// What the CUDA plugin (libweft_cuda.so) offers: plain functions over raw pointers, the stream last. No CUDA
// header is needed to call them. Each returns 0, or a CUDA error number that error_text explains; cuBLAS
// failures come as negative status numbers. Launches are asynchronous on the stream (a cudaStream_t; null:
// the default stream).
#pragma once

#include <cstddef>
#include <cstdint>

#include "sampling/negative_draws.h"
#include "sampling/one_hop.h"
#include "sampling/sample_plan.h"

namespace weft {

struct CudaDeviceInfo {
  char name[256] = {};
  std::uint64_t memory_bytes = 0;
  int capability_major = 0;
  int capability_minor = 0;
  int multiprocessors = 0;
};

inline constexpr std::uint32_t kCudaTableVersion = 3;  // raise it whenever CudaTable changes

struct CudaTable {
  std::uint32_t version = kCudaTableVersion;
  std::uint32_t size = sizeof(CudaTable);

  const char* (*error_text)(int error) = nullptr;
  int (*versions)(int* driver, int* runtime) = nullptr;  // as 13000 for 13.0; driver 0: there is none
  int (*device_count)(int* count) = nullptr;
  int (*device_info)(int device, CudaDeviceInfo* info) = nullptr;
  int (*use_device)(int device) = nullptr;  // for the calling thread

  int (*allocate)(void** memory, std::size_t bytes) = nullptr;
  int (*release)(void* memory) = nullptr;
  int (*copy_to_device)(void* to, const void* from, std::size_t bytes, void* stream) = nullptr;
  int (*copy_to_host)(void* to, const void* from, std::size_t bytes, void* stream) = nullptr;
  int (*synchronize)(void* stream) = nullptr;
  int (*create_stream)(void** stream) = nullptr;
  int (*destroy_stream)(void* stream) = nullptr;
  int (*allocate_pinned)(void** memory, std::size_t bytes) = nullptr;  // of the host; kernels can read it
  int (*release_pinned)(void* memory) = nullptr;
  int (*fill)(void* memory, std::uint8_t byte, std::size_t bytes, void* stream) = nullptr;

  // sampling/one_hop.h, with device pointers.
  int (*one_hop)(const sampling::OneHopGraph* graph, const sampling::OneHopFrontier* frontier,
                 const sampling::OneHopPick* pick, const sampling::OneHopResult* result,
                 void* stream) = nullptr;
  // sampling/sample_plan.h. A recorded graph runs with graph_replay; the stream must not be the default one.
  int (*sum_scratch)(std::uint32_t numbers, std::size_t* bytes) = nullptr;
  int (*sample)(const sampling::SamplePlan* plan, void* stream) = nullptr;
  int (*sample_record)(const sampling::SamplePlan* plan, void* stream, void** recorded) = nullptr;
  int (*graph_replay)(void* recorded, void* stream) = nullptr;
  int (*graph_release)(void* recorded) = nullptr;
  // sampling/negative_draws.h, with device pointers.
  int (*negatives)(const sampling::NegativeJob* job, void* stream) = nullptr;
  // c [rows x columns] = a [rows x inner] b [inner x columns], row-major floats, through cuBLAS without
  // reduced precision.
  int (*multiply)(const float* a, const float* b, float* c, int rows, int inner, int columns,
                  void* stream) = nullptr;
};

inline constexpr const char* kCudaTableSymbol = "weft_cuda_table";
using CudaTableFunction = const CudaTable* (*)();

}  // namespace weft
