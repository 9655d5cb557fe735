#include "storage/delta_export.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/fault_files.h"
#include "graph/compaction.h"
#include "storage/change_log.h"
#include "tests/graph/random_graph.h"
#include "tests/storage/small_store.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

// What readers of the workspace see is what a snapshot of the store would show.
void expect_shows(const Workspace& workspace, const GraphStore& store, const fs::path& scratch) {
  fs::remove_all(scratch);
  fs::create_directories(scratch);
  const auto live = open_live_view(workspace);
  ASSERT_TRUE(live.has_value());
  EXPECT_EQ(live->info().sequence, store.info().sequence);
  EXPECT_EQ(graph::compact(*live, scratch / "compacted", "root").checksum,
            store.write_snapshot(scratch / "wanted", "root").checksum);
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(DeltaExport, FollowsTheStoreWithoutTouchingTheSnapshot) {
  const graph::TestFolder folder;
  const Workspace workspace{folder / "w"};
  const auto events = random_events(1000, 21);
  GraphStore store = GraphStore::open(workspace.store(), small_schema(), {.logged_changes = 1000});
  EXPECT_FALSE(open_live_view(workspace).has_value());
  store.apply(slice_of(events, 0, 400));
  const ExportedDelta first = export_delta(store, workspace, "root");
  EXPECT_TRUE(first.wrote_snapshot);
  EXPECT_TRUE(first.folder.empty());
  expect_shows(workspace, store, folder / "scratch");
  const auto snapshot = graph::folder_content(first.snapshot);
  const std::string name = first.snapshot.filename().string();
  for (std::size_t at = 400; at < 600; at += 50) {
    store.apply(slice_of(events, at, at + 50));
    const ExportedDelta next = export_delta(store, workspace, "root");
    EXPECT_FALSE(next.wrote_snapshot);
    EXPECT_EQ(next.snapshot, first.snapshot);
    EXPECT_EQ(current_delta(workspace), next.folder);
    EXPECT_GT(next.bytes, 0U);
    EXPECT_GT(next.changes, 0U);
    EXPECT_EQ(graph::folder_content(first.snapshot), snapshot);
    expect_shows(workspace, store, folder / "scratch");
    // Nothing new: the same one.
    EXPECT_EQ(export_delta(store, workspace, "root").folder, next.folder);
    EXPECT_LE(names_in(workspace.deltas() / name).size(), 2U);
  }
  // Too much for the log: a snapshot, and deltas on that from there on.
  store.apply(slice_of(events, 600, 990));
  store.apply({.events = random_events(1500, 22), .ledger = slice_of(events, 0, 0).ledger});
  const ExportedDelta full = export_delta(store, workspace, "root");
  EXPECT_TRUE(full.wrote_snapshot);
  EXPECT_NE(full.snapshot, first.snapshot);
  EXPECT_THAT(names_in(workspace.deltas()), ::testing::IsEmpty());
  store.apply(slice_of(events, 990, 1000));
  EXPECT_FALSE(export_delta(store, workspace, "root").wrote_snapshot);
  expect_shows(workspace, store, folder / "scratch");
}

TEST(DeltaExport, DamageIsFoundAndMended) {
  const graph::TestFolder folder;
  const Workspace workspace{folder / "w"};
  const auto events = random_events(300, 23);
  GraphStore store = GraphStore::open(workspace.store(), small_schema());
  store.apply(slice_of(events, 0, 200));
  export_delta(store, workspace, "root");
  store.apply(slice_of(events, 200, 300));
  const ExportedDelta delta = export_delta(store, workspace, "root");
  const std::string manifest = real_files().read_whole(delta.folder / "manifest.json");
  std::string broken = manifest;
  broken[broken.size() / 2] ^= 1;
  real_files().write_whole(delta.folder / "manifest.json", broken);
  EXPECT_THROW(open_live_view(workspace), Error);
  EXPECT_EQ(export_delta(store, workspace, "root").folder, delta.folder);
  expect_shows(workspace, store, folder / "scratch");
  EXPECT_EQ(real_files().read_whole(delta.folder / "manifest.json"), manifest);
}

// Stopped at every moment that has a name, the workspace still shows an earlier state or this one, and the
// next export finishes the job.
TEST(DeltaExport, StoppedAtEveryKillPoint) {
  const auto events = random_events(300, 24);
  std::vector<std::string> points;
  for (std::size_t round = 0; round == 0 || round <= points.size(); ++round) {
    const graph::TestFolder folder;
    const Workspace workspace{folder / "w"};
    FaultFiles files(real_files());
    GraphStore store = GraphStore::open(workspace.store(), small_schema(), {}, files);
    store.apply(slice_of(events, 0, 150));
    export_delta(store, workspace, "root", no_progress(), files);
    store.apply(slice_of(events, 150, 200));
    export_delta(store, workspace, "root", no_progress(), files);
    store.apply(slice_of(events, 200, 300));
    const std::string wanted = round == 0 ? "" : points[round - 1];
    SCOPED_TRACE(wanted);
    files.on_kill_point([&](std::string_view name) {
      if (round == 0 && std::find(points.begin(), points.end(), name) == points.end())
        points.emplace_back(name);
      if (name == wanted) throw Error("stopped");
    });
    if (round == 0) {
      export_delta(store, workspace, "root", no_progress(), files);
      EXPECT_EQ(points.size(), 6U);  // four of the delta, two of old ones' removal
    } else {
      EXPECT_THROW(export_delta(store, workspace, "root", no_progress(), files), Error);
      const auto live = open_live_view(workspace);
      ASSERT_TRUE(live.has_value());
      EXPECT_THAT(live->info().sequence, ::testing::AnyOf(200U, 300U));
    }
    files.on_kill_point([](std::string_view) {});
    export_delta(store, workspace, "root", no_progress(), files);
    expect_shows(workspace, store, folder / "scratch");
  }
}

}  // namespace
}  // namespace weft::storage
