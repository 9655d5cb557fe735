#include "sampling/devices.h"

#include <fmt/format.h>
#include <sched.h>

#include <fstream>
#include <string_view>
#include <thread>

#include "base/strings.h"

namespace weft {
namespace {

CpuReport describe_cpu() {
  CpuReport report;
  cpu_set_t set;
  CPU_ZERO(&set);
  report.cores = ::sched_getaffinity(0, sizeof(set), &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set))
                                                                : std::thread::hardware_concurrency();
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) report.name = std::string(trim(std::string_view(line).substr(colon + 1)));
    break;
  }
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) report.vector_sets.emplace_back("avx2");
  if (__builtin_cpu_supports("fma")) report.vector_sets.emplace_back("fma");
  if (__builtin_cpu_supports("avx512f")) report.vector_sets.emplace_back("avx512f");
  if (__builtin_cpu_supports("avx512bw")) report.vector_sets.emplace_back("avx512bw");
  if (__builtin_cpu_supports("avx512vl")) report.vector_sets.emplace_back("avx512vl");
  if (__builtin_cpu_supports("avx512bf16")) report.vector_sets.emplace_back("avx512_bf16");
#endif
  return report;
}

std::string version_text(int version) {
  return version == 0 ? "none" : fmt::format("CUDA {}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace

std::vector<std::string> DeviceReport::lines() const {
  std::vector<std::string> lines;
  const auto add = [&](std::string_view name, std::string_view value) {
    lines.push_back(fmt::format("{:<14}{}", name, value));
  };
  add("CPU", fmt::format("{}{}{} core{}", cpu.name, cpu.name.empty() ? "" : ", ", cpu.cores,
                         cpu.cores == 1 ? "" : "s"));
  add("vector sets", cpu.vector_sets.empty() ? "none" : join(cpu.vector_sets));
  add("CUDA build", plugin_built ? "yes" : "no: nvcc was not found when weft was built");
  add("CUDA plugin", plugin.path.empty() ? "not found" : plugin.path.string());
  if (plugin.table != nullptr) {
    add("NVIDIA driver", version_text(plugin.driver_version));
    add("CUDA runtime", version_text(plugin.runtime_version));
  }
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    const CudaDeviceInfo& gpu = gpus[i];
    add(fmt::format("GPU {}", i),
        fmt::format("{}, {:.0f} GiB, compute capability {}.{}, {} multiprocessors", gpu.name,
                    static_cast<double>(gpu.memory_bytes) / (1 << 30), gpu.capability_major,
                    gpu.capability_minor, gpu.multiprocessors));
  }
  add("CUDA", plugin.problem == CudaProblem::kNone ? "can be used" : "cannot be used: " + plugin.message);
  return lines;
}

DeviceReport describe_devices(const CudaPlugin& plugin) {
  DeviceReport report{
      .cpu = describe_cpu(), .plugin_built = *WEFT_CUDA_PLUGIN_PATH != '\0', .plugin = plugin};
  for (int device = 0; plugin.table != nullptr && device < plugin.devices; ++device) {
    CudaDeviceInfo info;
    if (plugin.table->device_info(device, &info) == 0) report.gpus.push_back(info);
  }
  return report;
}

DeviceReport describe_devices() {
  return describe_devices(cuda_plugin());
}

}  // namespace weft
