// Processes that keep a workspace in order, on a file system that is really full: a clear message, exit
// status 1, the workspace as it was; with space again the same step succeeds.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/backup.h"
#include "storage/delta_export.h"
#include "storage/forget.h"
#include "storage/fresh_graph.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/crash/care_run.h"
#include "tests/crash/small_disk.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Care {
  const char* name = nullptr;
  std::vector<std::string> arguments = {};  // "W": the workspace, "D": the small disk
};

class CareFullDisk : public ::testing::TestWithParam<Care> {
 protected:
  // A workspace with a snapshot, a delta on it, and events that neither shows.
  void make(const fs::path& folder) {
    GraphStore store = GraphStore::open(Workspace{folder}.store(), small_schema());
    const auto grow = [&](std::size_t events, std::uint64_t seed) {
      store.apply(with_sources(random_events(events, seed)));
    };
    grow(3000, 1);
    freshen(store, {folder}, "root", {.how = Freshen::kSnapshot});
    grow(50, 2);
    freshen(store, {folder}, "root", {.how = Freshen::kDelta});
    grow(50, 3);
    freshen(store, {folder}, "root", {.how = Freshen::kDelta});
    grow(200, 4);
    store.apply({.events = {buy(0x77, "zoe", "i3", 5)}});
  }

  // What readers of the workspace see.
  static std::string state(const fs::path& folder) {
    std::string out;
    {
      const GraphStore store = GraphStore::open_existing(Workspace{folder}.store());
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
      out = dump(store);
    }
    const auto live = open_live_view({folder});
    return out + (live ? fmt::format("\nshown: {}", live->info().sequence) : "\nnothing shown");
  }

  test::TempFolder folder_{test::in_memory()};
};

TEST_P(CareFullDisk, IsAClearErrorAndSucceedsWithSpace) {
  SmallDisk disk(folder_ / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "no tmpfs can be mounted here (" << disk.reason() << ")";
  const fs::path kept = folder_ / "kept", workspace = disk.folder() / "shop.weft";
  make(kept);
  std::vector<std::string> arguments = GetParam().arguments;
  for (std::string& argument : arguments) {
    if (argument.starts_with("W")) argument = workspace.string() + argument.substr(1);
    if (argument.starts_with("D")) argument = disk.folder().string() + argument.substr(1);
  }
  const auto begin = [&] {
    disk.clear();
    fs::copy(kept, workspace, fs::copy_options::recursive);
  };
  begin();
  const std::string before = state(workspace);
  const std::uint64_t free = disk.free_bytes();
  const CareEnd whole = end_of_care_program(arguments);
  ASSERT_EQ(whole.status, 0) << whole.errors;
  const std::string after = state(workspace);
  // A run takes more on its way than it leaves.
  const std::uint64_t needed =
      std::max<std::uint64_t>(free > disk.free_bytes() ? 2 * (free - disk.free_bytes()) : 0, 400'000);
  int full = 0;
  constexpr std::uint64_t kMoments = 16;
  for (std::uint64_t i = 0; i < kMoments && !HasFailure(); ++i) {
    SCOPED_TRACE(fmt::format("{} of {} bytes", needed * i / kMoments, needed));
    begin();
    disk.leave(needed * i / kMoments);
    const CareEnd end = end_of_care_program(arguments);
    if (end.status != 0) {
      ++full;
      EXPECT_EQ(end.status, 1);
      EXPECT_THAT(end.errors, AnyOf(HasSubstr("No space left"), HasSubstr("no space")));
    }
    disk.free_again();
    if (end.status != 0) {
      EXPECT_THAT(state(workspace), AnyOf(before, after));
    }
    const CareEnd again = end_of_care_program(arguments);
    EXPECT_EQ(again.status, 0) << again.errors;
    EXPECT_EQ(state(workspace), after);
    for (const auto& entry : fs::recursive_directory_iterator(disk.folder()))
      EXPECT_NE(entry.path().extension(), ".tmp") << entry.path() << " was left behind";
  }
  EXPECT_GT(full, 2);
  std::printf("%d of %d runs met the full disk\n", full, static_cast<int>(kMoments));
}

INSTANTIATE_TEST_SUITE_P(Ways, CareFullDisk,
                         ::testing::Values(Care{"Delta", {"delta", "W"}},
                                           Care{"Compaction", {"compact", "W"}},
                                           Care{"Backup", {"backup", "W", "D/backups"}},
                                           Care{"Forgetting", {"forget", "W", "zoe"}}),
                         [](const auto& given) { return std::string(given.param.name); });

}  // namespace
}  // namespace weft::storage
