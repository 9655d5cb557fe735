// Loads Torch's CUDA half at run time, so that one program runs with and without a GPU.
#pragma once

#include <string>

namespace weft::tools {

struct TorchCuda {
  bool loaded = false;
  int devices = 0;           // that Torch can use
  std::string message = {};  // why it is not loaded; empty if it is
};

// The first call opens libtorch_cuda.so beside libtorch_cpu.so. It must come before anything that asks Torch
// for CUDA: Torch remembers the first answer. Never throws.
const TorchCuda& load_torch_cuda();

}  // namespace weft::tools
