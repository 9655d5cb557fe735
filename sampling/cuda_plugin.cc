#include "sampling/cuda_plugin.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <system_error>

#include "base/error.h"

namespace weft {
namespace {

constexpr const char* kPluginName = "libweft_cuda.so";

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

CudaPlugin failed(CudaPlugin plugin, CudaProblem problem, std::string message) {
  plugin.problem = problem;
  plugin.message = std::move(message);
  return plugin;
}

}  // namespace

CudaPlugin look_for_devices(CudaPlugin plugin) {
  const CudaTable& table = *plugin.table;
  if (const int error = table.versions(&plugin.driver_version, &plugin.runtime_version); error != 0) {
    return failed(plugin, CudaProblem::kNoDriver,
                  fmt::format("the NVIDIA driver did not answer: {}", table.error_text(error)));
  }
  if (plugin.driver_version == 0) {
    return failed(plugin, CudaProblem::kNoDriver,
                  "no NVIDIA driver was found on this machine; install one, or compute on the CPU");
  }
  if (plugin.driver_version / 1000 < plugin.runtime_version / 1000) {
    return failed(plugin, CudaProblem::kOldDriver,
                  fmt::format("the NVIDIA driver knows CUDA up to {}, the plugin needs {}; update the driver",
                              version_text(plugin.driver_version), version_text(plugin.runtime_version)));
  }
  const int error = table.device_count(&plugin.devices);
  if (error != 0) plugin.devices = 0;
  if (plugin.devices == 0) {
    return failed(
        plugin, CudaProblem::kNoGpu,
        fmt::format("an NVIDIA driver is installed (CUDA {}), and it shows no GPU{}; compute on the CPU",
                    version_text(plugin.driver_version),
                    error == 0 ? "" : fmt::format(": {}", table.error_text(error))));
  }
  plugin.problem = CudaProblem::kNone;
  return plugin;
}

std::vector<std::filesystem::path> cuda_plugin_places() {
  if (const char* path = std::getenv("WEFT_CUDA_PLUGIN"); path != nullptr && *path != '\0') return {path};
  std::vector<std::filesystem::path> places;
  std::error_code ignored;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (!program.empty()) {
    places.push_back(program.parent_path() / kPluginName);
    places.push_back(program.parent_path().parent_path() / "lib" / kPluginName);
  }
  if (*WEFT_CUDA_PLUGIN_PATH != '\0') places.emplace_back(WEFT_CUDA_PLUGIN_PATH);
  return places;
}

CudaPlugin open_cuda_plugin(const std::vector<std::filesystem::path>& places) {
  CudaPlugin plugin;
  std::string looked;
  for (const std::filesystem::path& place : places) {
    std::error_code ignored;
    if (std::filesystem::exists(place, ignored)) {
      plugin.path = place;
      break;
    }
    looked += (looked.empty() ? "" : ", ") + place.string();
  }
  if (plugin.path.empty()) {
    return failed(
        plugin, CudaProblem::kNoPlugin,
        fmt::format("the CUDA plugin is not there (looked for {}): build weft on a machine with nvcc, or set "
                    "WEFT_CUDA_PLUGIN to the path of libweft_cuda.so",
                    looked.empty() ? kPluginName : looked));
  }
  // Never closed: the CUDA runtime does not survive being unloaded.
  void* library = ::dlopen(plugin.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return failed(
        plugin, CudaProblem::kBadPlugin,
        fmt::format(
            "the CUDA plugin cannot be opened: {}; the CUDA runtime and cuBLAS libraries must be installed",
            ::dlerror()));
  }
  const auto function = reinterpret_cast<CudaTableFunction>(::dlsym(library, kCudaTableSymbol));
  const CudaTable* table = function == nullptr ? nullptr : function();
  if (table == nullptr || table->version != kCudaTableVersion || table->size != sizeof(CudaTable)) {
    return failed(plugin, CudaProblem::kBadPlugin,
                  fmt::format("{} does not belong to this version of weft; build both from the same sources",
                              plugin.path.string()));
  }
  plugin.library = library;
  plugin.table = table;
  return look_for_devices(std::move(plugin));
}

const CudaPlugin& cuda_plugin() {
  static const CudaPlugin plugin = open_cuda_plugin(cuda_plugin_places());
  return plugin;
}

const CudaTable& require_cuda() {
  const CudaPlugin& plugin = cuda_plugin();
  if (plugin.problem != CudaProblem::kNone) throw Error(plugin.message);
  return *plugin.table;
}

void* cuda_plugin_symbol(const char* name) {
  const CudaPlugin& plugin = cuda_plugin();
  return plugin.library == nullptr ? nullptr : ::dlsym(plugin.library, name);
}

void check_cuda(const CudaTable& table, int error, const char* what) {
  if (error != 0) throw Error(fmt::format("CUDA: {} failed: {}", what, table.error_text(error)));
}

}  // namespace weft
