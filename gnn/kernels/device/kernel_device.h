// Runs the aggregation kernels of gnn/kernels/device/jobs.h: on a GPU behind the CUDA plugin, or on the host,
// which goes through the same steps lane by lane in plain loops (the way to test them without a GPU; not
// fast).
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "gnn/kernels/device/bpr_job.h"
#include "gnn/kernels/device/jobs.h"

namespace weft::gnn {

// Calls are in order on one stream, and asynchronous on a GPU. Jobs are checked for what can be seen without
// reading the device's memory: WEFT_CHECK. Throws Error where the device fails.
class KernelDevice {
 public:
  virtual ~KernelDevice() = default;
  void gather(const DeviceGather& job);
  void gather_max(const DeviceGatherMax& job);
  void edge_dots(const DeviceEdgeDots& job);
  void softmax(const DeviceSoftmax& job);
  void adam(const DeviceAdam& job);
  void concat(const DeviceConcat& job);
  void bpr(const DeviceBpr& job);  // at least one triple
  // One linear layer for each type of nodes, all in one call: float32 without reduced precision, through
  // cuBLAS's grouped product on a GPU (its rounding is not the host's). scratch: 3 pointers a product in the
  // device's memory, free until the stream has got past the call.
  void products(std::span<const DeviceProduct> products, const void** scratch);

 private:
  virtual void run(const DeviceGather& job) = 0;
  virtual void run(const DeviceGatherMax& job) = 0;
  virtual void run(const DeviceEdgeDots& job) = 0;
  virtual void run(const DeviceSoftmax& job) = 0;
  virtual void run(const DeviceAdam& job) = 0;
  virtual void run(const DeviceConcat& job) = 0;
  virtual void run(const DeviceBpr& job) = 0;
  virtual void run(std::span<const DeviceProduct> products, const void** scratch) = 0;
};

std::unique_ptr<KernelDevice> host_kernel_device();
// `stream`: a cudaStream_t. Throws Error with the plugin's message where there is no GPU.
std::unique_ptr<KernelDevice> cuda_kernel_device(void* stream);

}  // namespace weft::gnn
