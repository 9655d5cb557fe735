#include "graph/compaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/fault_files.h"
#include "tests/graph/random_delta.h"

namespace weft::graph {
namespace {

namespace fs = std::filesystem;

LiveView random_view(const TestFolder& folder, std::uint64_t seed, GraphTables& tables) {
  tables = random_shop(seed);
  const SnapshotInfo info = write_snapshot(tables, folder / "base");
  const Delta delta = random_delta(tables, info, seed * 5);
  tables = grown(std::move(tables), delta);
  return LiveView(Snapshot::open(folder / "base"), delta);
}

TEST(Compaction, SameBytesAsTheWholeGraphWrittenAnew) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    TestFolder folder;
    GraphTables tables;
    const LiveView live = random_view(folder, seed, tables);
    const std::string root = tables.info.data_root;
    // Room for few edges: runs on their way into incoming order wait on disk.
    const SnapshotInfo info =
        compact(live, folder / "compact", root, {.memory = seed % 2 == 0 ? std::size_t{1000} : 1 << 20});
    const SnapshotInfo whole = write_snapshot(tables, folder / "whole");
    ASSERT_EQ(info.checksum, whole.checksum) << "seed " << seed;
    ASSERT_EQ(folder_content(folder / "compact"), folder_content(folder / "whole"));
    EXPECT_THROW(compact(live, folder / "compact", root), Error);  // never over another
  }
}

TEST(Compaction, EveryFailedWriteLeavesNothing) {
  TestFolder folder;
  GraphTables tables;
  const LiveView live = random_view(folder, 3, tables);
  const auto write = [&](Files& files) {
    compact(live, folder / "c", "", {.memory = 1000}, no_progress(), files);
  };
  FaultFiles counting(real_files());
  write(counting);
  const auto expected = folder_content(folder / "c");
  fs::remove_all(folder / "c");
  for (const auto operation : {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync,
                               FileOperation::kRename, FileOperation::kSyncFolder, FileOperation::kRead}) {
    ASSERT_GT(counting.count(operation), 0U);
    for (std::uint64_t n = 1; n <= counting.count(operation); n += 1 + n / 8) {
      FaultFiles files(real_files());
      files.fail_nth(operation, n);
      EXPECT_THROW(write(files), Error);
      EXPECT_FALSE(fs::exists(folder / "c") || fs::exists(folder / "c.tmp"))
          << static_cast<int>(operation) << n;
    }
  }
  write(real_files());
  EXPECT_EQ(folder_content(folder / "c"), expected);
}

TEST(Compaction, KilledAtEveryKillPoint) {
  TestFolder folder;
  GraphTables tables;
  const LiveView live = random_view(folder, 4, tables);
  FaultFiles counting(real_files());
  compact(live, folder / "reference", "", {.memory = 1000}, no_progress(), counting);
  const auto points = counting.kill_points_passed();
  EXPECT_GE(points.size(), 7U);
  for (const auto& [point, passed] : points) {
    FaultFiles files(real_files());
    files.on_kill_point([&, wanted = point](std::string_view name) {
      if (name == wanted) std::_Exit(42);
    });
    EXPECT_EXIT(compact(live, folder / "c", "", {.memory = 1000}, no_progress(), files),
                ::testing::ExitedWithCode(42), "");
    EXPECT_EQ(fs::exists(folder / "c"), point == "snapshot.after_rename") << point;
    fs::remove_all(folder / "c");
    compact(live, folder / "c", "");
    EXPECT_EQ(folder_content(folder / "c"), folder_content(folder / "reference"));
    fs::remove_all(folder / "c");
  }
}

}  // namespace
}  // namespace weft::graph
