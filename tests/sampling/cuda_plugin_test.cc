#include "sampling/cuda_plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

TEST(CudaPlugin, SaysWhereItLookedWhenThereIsNone) {
  const CudaPlugin plugin = open_cuda_plugin({"/nowhere/libweft_cuda.so", "/else/libweft_cuda.so"});
  EXPECT_EQ(plugin.problem, CudaProblem::kNoPlugin);
  EXPECT_EQ(plugin.table, nullptr);
  EXPECT_THAT(plugin.message, HasSubstr("/nowhere/libweft_cuda.so, /else/libweft_cuda.so"));
  EXPECT_THAT(plugin.message, HasSubstr("nvcc"));
}

TEST(CudaPlugin, SaysWhyAFileCannotBeOpened) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "weft_no_library.so";
  std::ofstream(path) << "no library";
  const CudaPlugin plugin = open_cuda_plugin({"/nowhere/libweft_cuda.so", path});
  EXPECT_EQ(plugin.problem, CudaProblem::kBadPlugin);
  EXPECT_EQ(plugin.path, path);
  EXPECT_THAT(plugin.message, HasSubstr(path.string()));
  std::filesystem::remove(path);
}

TEST(CudaPlugin, RefusesALibraryThatIsNotIt) {
  const CudaPlugin plugin =
      open_cuda_plugin({"/lib/x86_64-linux-gnu/libm.so.6", "/usr/lib/libm.so.6", "/lib64/libm.so.6"});
  if (plugin.problem == CudaProblem::kNoPlugin) GTEST_SKIP() << "no libm.so.6 where it is looked for";
  EXPECT_EQ(plugin.problem, CudaProblem::kBadPlugin);
  EXPECT_THAT(plugin.message, HasSubstr("does not belong to this version"));
}

TEST(CudaPlugin, IsLookedForWhereTheVariableSaysAlone) {
  const char* old = std::getenv("WEFT_CUDA_PLUGIN");
  const std::string kept = old == nullptr ? "" : old;
  ::setenv("WEFT_CUDA_PLUGIN", "/some/where.so", 1);
  EXPECT_EQ(cuda_plugin_places(), std::vector<std::filesystem::path>{"/some/where.so"});
  ::unsetenv("WEFT_CUDA_PLUGIN");
  const auto places = cuda_plugin_places();
  ASSERT_GE(places.size(), 2u);
  EXPECT_EQ(places[0].parent_path(), std::filesystem::read_symlink("/proc/self/exe").parent_path());
  if (old != nullptr) ::setenv("WEFT_CUDA_PLUGIN", kept.c_str(), 1);
}

// Whatever this machine has, the state and the message agree.
TEST(CudaPlugin, OfThisBuildIsUsableOrSaysWhyNot) {
  const CudaPlugin& plugin = cuda_plugin();
  switch (plugin.problem) {
    case CudaProblem::kNone:
      EXPECT_TRUE(plugin.message.empty());
      EXPECT_GT(plugin.devices, 0);
      EXPECT_EQ(&require_cuda(), plugin.table);
      return;
    case CudaProblem::kNoPlugin:
    case CudaProblem::kBadPlugin:
      EXPECT_EQ(plugin.table, nullptr);
      break;
    case CudaProblem::kNoDriver:
      EXPECT_THAT(plugin.message, HasSubstr("driver"));
      EXPECT_NE(plugin.table, nullptr);
      EXPECT_GT(plugin.runtime_version, 0);
      break;
    case CudaProblem::kOldDriver:
      EXPECT_LT(plugin.driver_version, plugin.runtime_version);
      break;
    case CudaProblem::kNoGpu:
      EXPECT_GT(plugin.driver_version, 0);
      EXPECT_EQ(plugin.devices, 0);
      break;
  }
  try {
    require_cuda();
    ADD_FAILURE() << "no exception";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), plugin.message);
    EXPECT_FALSE(plugin.message.empty());
  }
}

// A table as the plugin would give it, on machines that are not here.
int fake_driver = 0;
int fake_count = 0;
int fake_error = 0;

CudaTable fake_table() {
  CudaTable table;
  table.error_text = [](int) { return "a fake error"; };
  table.versions = [](int* driver, int* runtime) {
    *driver = fake_driver;
    *runtime = 13000;
    return 0;
  };
  table.device_count = [](int* count) {
    *count = fake_count;
    return fake_error;
  };
  return table;
}

TEST(CudaPlugin, TellsNoDriverOldDriverAndNoGpuApart) {
  const CudaTable table = fake_table();
  CudaPlugin opened;
  opened.table = &table;
  fake_driver = 0;
  fake_count = 0;
  fake_error = 35;
  EXPECT_EQ(look_for_devices(opened).problem, CudaProblem::kNoDriver);
  EXPECT_THAT(look_for_devices(opened).message, HasSubstr("no NVIDIA driver"));
  fake_driver = 12020;
  EXPECT_EQ(look_for_devices(opened).problem, CudaProblem::kOldDriver);
  EXPECT_THAT(look_for_devices(opened).message, HasSubstr("up to 12.2, the plugin needs 13.0"));
  fake_driver = 13010;
  fake_error = 100;
  EXPECT_EQ(look_for_devices(opened).problem, CudaProblem::kNoGpu);
  EXPECT_THAT(look_for_devices(opened).message, HasSubstr("no GPU: a fake error"));
  fake_error = 0;
  fake_count = 2;
  EXPECT_EQ(look_for_devices(opened).problem, CudaProblem::kNone);
  EXPECT_EQ(look_for_devices(opened).devices, 2);
}

TEST(CheckCuda, ThrowsWithTheTablesText) {
  const CudaTable table = fake_table();
  EXPECT_NO_THROW(check_cuda(table, 0, "work"));
  try {
    check_cuda(table, 7, "work");
    ADD_FAILURE() << "no exception";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "CUDA: work failed: a fake error");
  }
}

}  // namespace
}  // namespace weft
