// What `weft info --devices` tells: which devices this program can compute on, and why not on others.
// Torch-free; whether Torch's CUDA half can be loaded is the caller's to add.
#pragma once

#include <string>
#include <vector>

#include "sampling/cuda_plugin.h"

namespace weft {

struct CpuReport {
  std::string name = {};                      // empty if the system does not tell
  unsigned cores = 0;                         // that this process may use
  std::vector<std::string> vector_sets = {};  // among avx2, fma, avx512f, avx512bw, avx512vl, avx512_bf16
};

struct DeviceReport {
  CpuReport cpu = {};
  bool plugin_built = false;  // nvcc was there when this program was built
  CudaPlugin plugin = {};
  std::vector<CudaDeviceInfo> gpus = {};

  // One fact a line, for people: "CUDA plugin   /opt/weft/lib/libweft_cuda.so".
  std::vector<std::string> lines() const;
};

// Never throws for a missing device: its absence is part of the report.
DeviceReport describe_devices();
// Of a given plugin: for tests.
DeviceReport describe_devices(const CudaPlugin& plugin);

}  // namespace weft
