// Real ingest processes on a file system that is really full, at many moments of a run: a clear message, exit
// status 1, a store that holds a prefix of the sources; with space again the run resumes and ends like any
// other.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/error.h"
#include "graph/snapshot.h"
#include "storage/graph_store.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/crash/crash_run.h"
#include "tests/crash/crash_shop.h"
#include "tests/crash/small_disk.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FullDisk : public ::testing::TestWithParam<bool> {};

TEST_P(FullDisk, IsAClearErrorAndTheRunResumesWithSpace) {
  const test::TempFolder folder;
  SmallDisk disk(folder / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "no tmpfs can be mounted here (" << disk.reason() << ")";
  CrashShop shop(folder / "shop", 3);
  shop.grow();
  const CrashRun request{.project = shop.project(), .workspace = disk.folder(), .bulk = GetParam()};
  const std::uint64_t before = disk.free_bytes();
  const CrashOutcome whole = run(request);
  ASSERT_EQ(whole.status, 0) << whole.output;
  const std::string wanted = whole.value_of("checksum");
  // A run takes more on its way than it leaves.
  const std::uint64_t needed = 2 * (before - disk.free_bytes());
  int full = 0;
  constexpr std::uint64_t kMoments = 24;
  for (std::uint64_t i = 0; i < kMoments; ++i) {
    SCOPED_TRACE(fmt::format("{} of {} bytes", needed * i / kMoments, needed));
    disk.clear();
    disk.leave(needed * i / kMoments);
    const CrashOutcome outcome = run(request);
    if (outcome.status != 0) {
      ++full;
      EXPECT_EQ(outcome.status, 1);
      EXPECT_THAT(outcome.output, AnyOf(HasSubstr("No space left"), HasSubstr("no space")));
      EXPECT_THAT(outcome.output, HasSubstr("free disk space"));
    }
    disk.free_again();
    try {
      if (GraphStore::exists(disk.folder() / "store")) {
        const GraphStore store = GraphStore::open_existing(disk.folder() / "store");
        EXPECT_THAT(verify_store(store).problems, IsEmpty());
        EXPECT_GE(store.info().sequence, outcome.sequence);
        const StoreContent content = read_content(store);
        const auto steps = shop.steps_taken(content);
        ASSERT_TRUE(steps);
        EXPECT_EQ(first_difference(content, shop.expected(*steps)), "");
      }
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("never finished being created"));
      EXPECT_EQ(outcome.sequence, 0U);
    }
    if (const auto current = current_snapshot({.folder = disk.folder()})) graph::Snapshot::open(*current);
    const CrashOutcome again = run(request);
    EXPECT_EQ(again.status, 0) << again.output;
    EXPECT_EQ(again.value_of("checksum"), wanted);
    for (const auto& entry : fs::recursive_directory_iterator(disk.folder()))
      EXPECT_NE(entry.path().extension(), ".tmp") << entry.path() << " was left behind";
    if (HasFailure()) break;
  }
  EXPECT_GT(full, 5);
  std::printf("%d of %d runs met the full disk\n", full, static_cast<int>(kMoments));
}

INSTANTIATE_TEST_SUITE_P(Ways, FullDisk, ::testing::Values(false, true),
                         [](const auto& given) { return given.param ? "Bulk" : "Batches"; });

}  // namespace
}  // namespace weft::storage
