// Finds and opens the CUDA plugin at run time, and says plainly what is missing where there is none.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sampling/cuda_table.h"

namespace weft {

enum class CudaProblem {
  kNone,
  kNoPlugin,   // libweft_cuda.so was not built, or is not beside the program
  kBadPlugin,  // it is there and cannot be opened, or belongs to another version of weft
  kNoDriver,   // no NVIDIA driver on this machine
  kOldDriver,  // the driver is older than the CUDA runtime
  kNoGpu,      // a driver, and no GPU that it can use
};

struct CudaPlugin {
  CudaProblem problem = CudaProblem::kNoPlugin;
  std::string message = {};          // what is wrong and what to do; empty if nothing is
  std::filesystem::path path = {};   // of the plugin; empty if none was found
  const CudaTable* table = nullptr;  // null for kNoPlugin and kBadPlugin; stays valid until the program ends
  void* library = nullptr;           // as dlopen gave it
  int driver_version = 0;            // as 13000 for 13.0
  int runtime_version = 0;
  int devices = 0;
};

// Where the plugin is looked for, in order: the environment variable WEFT_CUDA_PLUGIN alone if it is set;
// else beside the running program, in ../lib of it, and where the build put it.
std::vector<std::filesystem::path> cuda_plugin_places();

// Opens the first of `places` that exists and asks it for devices. Never throws.
CudaPlugin open_cuda_plugin(const std::vector<std::filesystem::path>& places);

// Fills in versions, devices and what is wrong with them: open_cuda_plugin's second half, for a plugin whose
// table is there.
CudaPlugin look_for_devices(CudaPlugin plugin);

// The program's plugin, opened at the first call. Thread-safe.
const CudaPlugin& cuda_plugin();

// The table, ready for use on at least one GPU. Throws Error with the plugin's message otherwise.
const CudaTable& require_cuda();

// What else the plugin exports, by name; null where there is no plugin or no such thing.
void* cuda_plugin_symbol(const char* name);

// Throws Error naming `what` if a table function returned an error.
void check_cuda(const CudaTable& table, int error, const char* what);

}  // namespace weft
