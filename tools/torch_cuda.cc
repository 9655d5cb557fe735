#include "tools/torch_cuda.h"

#include <ATen/Context.h>
#include <dlfcn.h>

namespace weft::tools {
namespace {

TorchCuda load() {
  TorchCuda out;
  // RTLD_GLOBAL: the kernels register themselves with the dispatcher of the libtorch_cpu.so that is loaded
  // already.
  if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* why = ::dlerror();  // NOLINT(concurrency-mt-unsafe): glibc keeps it per thread
    out.message = std::string("not loaded: ") + (why != nullptr ? why : "unknown reason");
    return out;
  }
  out.loaded = true;
  out.devices =
      at::globalContext().hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
  return out;
}

}  // namespace

const TorchCuda& load_torch_cuda() {
  static const TorchCuda result = load();
  return result;
}

}  // namespace weft::tools
