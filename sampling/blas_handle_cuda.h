// cuBLAS handles of the CUDA plugin. Internal to it.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

namespace weft {

// One for each thread: handles are bound to a device and not to be shared between threads.
class BlasHandle {
 public:
  ~BlasHandle() {
    if (handle_ != nullptr) cublasDestroy(handle_);
  }
  cublasStatus_t get(cublasHandle_t* handle) {
    int device = 0;
    if (cudaGetDevice(&device) != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (handle_ != nullptr && device != device_) {
      cublasDestroy(handle_);
      handle_ = nullptr;
    }
    if (handle_ == nullptr) {
      if (const cublasStatus_t status = cublasCreate(&handle_); status != CUBLAS_STATUS_SUCCESS)
        return status;
      device_ = device;
    }
    *handle = handle_;
    return CUBLAS_STATUS_SUCCESS;
  }

 private:
  cublasHandle_t handle_ = nullptr;
  int device_ = 0;
};

// The calling thread's handle, on `stream`.
inline cublasStatus_t blas_on(cudaStream_t stream, cublasHandle_t* handle) {
  thread_local BlasHandle blas;
  if (const cublasStatus_t status = blas.get(handle); status != CUBLAS_STATUS_SUCCESS) return status;
  return cublasSetStream(*handle, stream);
}

}  // namespace weft
