#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <limits>
#include <vector>

#include "gnn/kernels/device/kernel_table.h"
#include "gnn/kernels/device/kernels_cuda.h"
#include "gnn/kernels/device/steps.h"
#include "sampling/blas_handle_cuda.h"

namespace weft::gnn {
namespace {

cudaStream_t as_stream(void* stream) {
  return static_cast<cudaStream_t>(stream);
}

int gather(const DeviceGather* job, void* stream) {
  return gather_cuda(*job, steps::vector_of(*job), as_stream(stream));
}
int gather_max(const DeviceGatherMax* job, void* stream) {
  return gather_max_cuda(*job, as_stream(stream));
}
int edge_dots(const DeviceEdgeDots* job, void* stream) {
  return edge_dots_cuda(*job, as_stream(stream));
}
int softmax(const DeviceSoftmax* job, void* stream) {
  return softmax_cuda(*job, as_stream(stream));
}
int adam(const DeviceAdam* job, void* stream) {
  return adam_cuda(*job, as_stream(stream));
}
int concat(const DeviceConcat* job, void* stream) {
  return concat_cuda(*job, as_stream(stream));
}

int bpr(const DeviceBpr* job, void* stream) {
  return bpr_cuda(*job, as_stream(stream));
}

// Groups of one product each; cuBLAS wants sizes in the host's memory and pointers in the device's.
struct Groups {
  std::vector<int> wide, high, inner;
  std::vector<const void*> pointers;  // w, then x, then out
};

Groups groups_of(const DeviceProduct* products, std::uint32_t count) {
  Groups groups;
  for (std::uint32_t i = 0; i < count; ++i) {
    const DeviceProduct& product = products[i];
    if (product.rows == 0 || product.columns == 0 || product.inner == 0) continue;
    groups.wide.push_back(static_cast<int>(product.columns));
    groups.high.push_back(static_cast<int>(product.rows));
    groups.inner.push_back(static_cast<int>(product.inner));
  }
  for (const int which : {0, 1, 2}) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const DeviceProduct& product = products[i];
      if (product.rows == 0 || product.columns == 0 || product.inner == 0) continue;
      groups.pointers.push_back(which == 0 ? product.w : which == 1 ? product.x : product.out);
    }
  }
  return groups;
}

int products(const DeviceProduct* products, std::uint32_t count, const void** scratch, void* stream) {
  constexpr auto kMost = static_cast<std::uint32_t>(std::numeric_limits<int>::max());
  for (std::uint32_t i = 0; i < count; ++i) {
    const DeviceProduct& product = products[i];
    if (product.rows > kMost || product.inner > kMost || product.columns > kMost)
      return cudaErrorInvalidValue;
    if (product.inner > 0) continue;
    const std::size_t bytes = sizeof(float) * product.rows * product.columns;
    if (const cudaError_t error = cudaMemsetAsync(product.out, 0, bytes, as_stream(stream));
        error != cudaSuccess)
      return error;
  }
  const Groups groups = groups_of(products, count);
  const std::size_t size = groups.wide.size();
  if (size == 0) return cudaSuccess;
  cublasHandle_t handle = nullptr;
  if (const cublasStatus_t status = blas_on(as_stream(stream), &handle); status != CUBLAS_STATUS_SUCCESS)
    return -status;
  if (const cudaError_t error =
          cudaMemcpyAsync(scratch, groups.pointers.data(), groups.pointers.size() * sizeof(void*),
                          cudaMemcpyHostToDevice, as_stream(stream));
      error != cudaSuccess)
    return error;
  const std::vector<cublasOperation_t> plain(size, CUBLAS_OP_N);
  const std::vector<float> ones(size, 1), zeros(size, 0);
  const std::vector<int> single(size, 1);
  const auto* const in = reinterpret_cast<const float* const*>(scratch);
  auto* const out = reinterpret_cast<float* const*>(const_cast<void**>(scratch)) + 2 * size;
  // cuBLAS is column-major: row-major c = a b is column-major c' = b' a'.
  return -cublasSgemmGroupedBatched(handle, plain.data(), plain.data(), groups.wide.data(),
                                    groups.high.data(), groups.inner.data(), ones.data(), in,
                                    groups.wide.data(), in + size, groups.inner.data(), zeros.data(), out,
                                    groups.wide.data(), static_cast<int>(size), single.data());
}

}  // namespace
}  // namespace weft::gnn

extern "C" __attribute__((visibility("default"))) const weft::gnn::KernelTable* weft_cuda_kernel_table() {
  static const weft::gnn::KernelTable table{.gather = weft::gnn::gather,
                                            .gather_max = weft::gnn::gather_max,
                                            .edge_dots = weft::gnn::edge_dots,
                                            .softmax = weft::gnn::softmax,
                                            .adam = weft::gnn::adam,
                                            .concat = weft::gnn::concat,
                                            .bpr = weft::gnn::bpr,
                                            .products = weft::gnn::products};
  return &table;
}
