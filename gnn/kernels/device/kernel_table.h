// What the CUDA plugin offers beside sampling/cuda_table.h: the aggregation kernels. The same rules: 0, or a
// CUDA error number, cuBLAS failures negative; asynchronous on the stream (a cudaStream_t), which comes last.
#pragma once

#include <cstdint>

#include "gnn/kernels/device/bpr_job.h"
#include "gnn/kernels/device/jobs.h"

namespace weft::gnn {

inline constexpr std::uint32_t kKernelTableVersion = 2;  // raise it whenever the table or a job changes

struct KernelTable {
  std::uint32_t version = kKernelTableVersion;
  std::uint32_t size = sizeof(KernelTable);
  int (*gather)(const DeviceGather* job, void* stream) = nullptr;
  int (*gather_max)(const DeviceGatherMax* job, void* stream) = nullptr;
  int (*edge_dots)(const DeviceEdgeDots* job, void* stream) = nullptr;
  int (*softmax)(const DeviceSoftmax* job, void* stream) = nullptr;
  int (*adam)(const DeviceAdam* job, void* stream) = nullptr;
  int (*concat)(const DeviceConcat* job, void* stream) = nullptr;
  int (*bpr)(const DeviceBpr* job, void* stream) = nullptr;
  // `products` in the host's memory. scratch: 3 pointers a product in the device's memory.
  int (*products)(const DeviceProduct* products, std::uint32_t count, const void** scratch,
                  void* stream) = nullptr;
};

inline constexpr const char* kKernelTableSymbol = "weft_cuda_kernel_table";
using KernelTableFunction = const KernelTable* (*)();

}  // namespace weft::gnn
