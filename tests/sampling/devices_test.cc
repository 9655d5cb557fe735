#include "sampling/devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(DescribeDevices, TellsOfThisMachine) {
  const DeviceReport report = describe_devices();
  EXPECT_GE(report.cpu.cores, 1u);
  EXPECT_EQ(report.plugin.problem, cuda_plugin().problem);
  EXPECT_EQ(report.gpus.size(), static_cast<std::size_t>(report.plugin.devices));
  EXPECT_THAT(report.lines(),
              Contains(AllOf(StartsWith("CPU "), HasSubstr(std::to_string(report.cpu.cores) + " core"))));
}

TEST(DescribeDevices, SaysWhyCudaCannotBeUsed) {
  const DeviceReport report = describe_devices(open_cuda_plugin({"/nowhere.so"}));
  EXPECT_TRUE(report.gpus.empty());
  EXPECT_THAT(report.lines(), Contains("CUDA plugin   not found"));
  EXPECT_THAT(report.lines(), Contains(HasSubstr("cannot be used: the CUDA plugin is not there")));
}

TEST(DescribeDevices, ListsGpus) {
  CudaTable table;
  table.device_info = [](int device, CudaDeviceInfo* info) {
    *info = {.memory_bytes = std::uint64_t{80} << 30,
             .capability_major = 9,
             .capability_minor = device,
             .multiprocessors = 132};
    std::strcpy(info->name, "Example");
    return 0;
  };
  CudaPlugin plugin;
  plugin.problem = CudaProblem::kNone;
  plugin.table = &table;
  plugin.driver_version = 13010;
  plugin.runtime_version = 13000;
  plugin.devices = 2;
  const auto lines = describe_devices(plugin).lines();
  EXPECT_THAT(lines, Contains("NVIDIA driver CUDA 13.1"));
  EXPECT_THAT(lines, Contains("CUDA runtime  CUDA 13.0"));
  EXPECT_THAT(lines, Contains("GPU 0         Example, 80 GiB, compute capability 9.0, 132 multiprocessors"));
  EXPECT_THAT(lines, Contains("GPU 1         Example, 80 GiB, compute capability 9.1, 132 multiprocessors"));
  EXPECT_THAT(lines, Contains("CUDA          can be used"));
}

}  // namespace
}  // namespace weft
