#include "storage/fresh_graph.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fault_files.h"
#include "graph/live_view.h"
#include "storage/change_log.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

class FreshGraphTest : public ::testing::Test {
 protected:
  FreshGraph freshen_as(Freshen how, std::uint64_t least_edges = 1) {
    return freshen(*store_, workspace_, "root",
                   {.how = how, .delta_share = 0.125, .least_edges = least_edges}, no_progress(), files_);
  }
  void apply(std::size_t from, std::size_t to) { store_->apply(slice_of(events_, from, to)); }
  // The snapshot that the store alone would give.
  std::uint64_t wanted_checksum() {
    fs::remove_all(folder_ / "wanted");
    return store_->write_snapshot(folder_ / "wanted", "root").checksum;
  }

  const test::TempFolder folder_;
  const Workspace workspace_{folder_ / "w"};
  FaultFiles files_{real_files()};
  const std::vector<graph::Event> events_ = random_events(2000, 31);
  std::optional<GraphStore> store_ = GraphStore::open(workspace_.store(), small_schema(), {}, files_);
};

TEST_F(FreshGraphTest, ALittleIsADeltaMuchIsASnapshotOfTheSameBytes) {
  apply(0, 1500);
  const FreshGraph first = freshen_as(Freshen::kAuto);
  EXPECT_TRUE(first.wrote_snapshot);
  EXPECT_TRUE(first.delta.empty());
  EXPECT_FALSE(waiting_delta(workspace_).has_value());
  ASSERT_TRUE(change_log(*store_).has_value());
  apply(1500, 1530);
  const FreshGraph second = freshen_as(Freshen::kAuto);
  EXPECT_FALSE(second.wrote_snapshot);
  EXPECT_EQ(second.snapshot, first.snapshot);
  EXPECT_EQ(second.info.sequence, 1500U);
  EXPECT_EQ(second.sequence, 1530U);
  EXPECT_GT(second.changes, 0U);
  EXPECT_EQ(current_delta(workspace_), second.delta);
  ASSERT_TRUE(waiting_delta(workspace_).has_value());
  EXPECT_EQ(waiting_delta(workspace_)->sequence, 1530U);
  EXPECT_EQ(open_live_view(workspace_)->info().sequence, 1530U);
  EXPECT_EQ(freshen_as(Freshen::kAuto).delta, second.delta) << "nothing new";
  EXPECT_EQ(newest_snapshot(workspace_, store_->info().uuid)->sequence, 1530U);
  apply(1530, 2000);
  const FreshGraph third = freshen_as(Freshen::kAuto);
  EXPECT_TRUE(third.wrote_snapshot);
  EXPECT_TRUE(third.delta.empty());
  EXPECT_FALSE(waiting_delta(workspace_).has_value());
  EXPECT_FALSE(fs::exists(workspace_.deltas()));
  EXPECT_EQ(third.info.checksum, wanted_checksum());
}

TEST_F(FreshGraphTest, ASmallGraphHasDeltasIfTheyAreAskedFor) {
  apply(0, 1500);
  freshen_as(Freshen::kAuto, 1'000'000);
  EXPECT_FALSE(change_log(*store_).has_value());
  apply(1500, 1510);
  EXPECT_TRUE(freshen_as(Freshen::kAuto, 1'000'000).wrote_snapshot);
  apply(1510, 1520);
  EXPECT_TRUE(freshen_as(Freshen::kDelta, 1'000'000).wrote_snapshot) << "there was no log";
  apply(1520, 1530);
  EXPECT_FALSE(freshen_as(Freshen::kDelta, 1'000'000).delta.empty());
  const FreshGraph compacted = freshen_as(Freshen::kSnapshot, 1'000'000);
  EXPECT_TRUE(compacted.wrote_snapshot);
  EXPECT_EQ(compacted.info.sequence, 1530U);
  EXPECT_EQ(compacted.info.checksum, wanted_checksum());
  EXPECT_FALSE(waiting_delta(workspace_).has_value());
  apply(1530, 1540);
  EXPECT_FALSE(freshen_as(Freshen::kDelta, 1'000'000).wrote_snapshot) << "the log goes on";
}

TEST_F(FreshGraphTest, ADamagedSnapshotIsWrittenAnew) {
  apply(0, 1500);
  const FreshGraph first = freshen_as(Freshen::kAuto);
  real_files().write_whole(first.snapshot / "manifest.json", "{}");
  apply(1500, 1510);
  const FreshGraph second = freshen_as(Freshen::kAuto);
  EXPECT_TRUE(second.wrote_snapshot);
  EXPECT_EQ(second.info.checksum, wanted_checksum());
}

// Whatever moment it is stopped at, readers see the state before or after, and the next run finishes.
TEST_F(FreshGraphTest, StoppedAtEveryKillPoint) {
  apply(0, 1500);
  freshen_as(Freshen::kAuto);
  std::size_t at = 1500, stops = 0;
  for (const Freshen how : {Freshen::kDelta, Freshen::kSnapshot}) {
    std::vector<std::string> points;
    apply(at, at + 5);
    at += 5;
    files_.on_kill_point([&](std::string_view name) {
      if (std::find(points.begin(), points.end(), name) == points.end()) points.emplace_back(name);
    });
    freshen_as(how);
    files_.on_kill_point([](std::string_view) {});
    for (const std::string& point : points) {
      SCOPED_TRACE(point);
      const std::uint64_t before = store_->info().sequence;
      apply(at, at + 5);
      at += 5;
      files_.on_kill_point([&](std::string_view name) {
        if (name == point) throw Error("stopped");
      });
      EXPECT_THROW(freshen_as(how), Error);
      ++stops;
      files_.on_kill_point([](std::string_view) {});
      store_.reset();
      const auto live = open_live_view(workspace_);
      ASSERT_TRUE(live.has_value());
      EXPECT_THAT(live->info().sequence, ::testing::AnyOf(before, before + 5));
      store_ = GraphStore::open(workspace_.store(), small_schema(), {}, files_);
      freshen_as(how);
      const auto after = open_live_view(workspace_);
      EXPECT_EQ(after->info().sequence, before + 5);
    }
  }
  EXPECT_GE(stops, 16U);
}

}  // namespace
}  // namespace weft::storage
