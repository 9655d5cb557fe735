// Kills real processes with SIGKILL while they forget a person, write deltas, compact, export and import, at
// every named moment and at random ones. Whatever the moment: readers see the state before or the one after,
// and the next run ends like one that nothing disturbed.
//
// WEFT_CRASH_KILLS: as in care_crash_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/fault_files.h"
#include "graph/live_view.h"
#include "storage/delta_export.h"
#include "storage/exchange/graph_exchange.h"
#include "storage/forget.h"
#include "storage/fresh_graph.h"
#include "storage/kill_points.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/crash/care_run.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::IsEmpty;

// Files that hold the text, or whose names do.
std::vector<std::string> places_of(const std::string& text, const fs::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().string().find(text) != std::string::npos ||
        (entry.is_regular_file() && real_files().read_whole(entry.path()).find(text) != std::string::npos))
      out.push_back(entry.path().string());
  }
  return out;
}

std::map<std::string, std::string> content(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(folder))
    out[entry.path().filename().string()] = real_files().read_whole(entry.path());
  return out;
}

class WorkspaceCrash : public ::testing::Test {
 protected:
  WorkspaceCrash() {
    grow(300);
    show(Freshen::kSnapshot);
    grow(5);
    show(Freshen::kDelta);  // from now on there is a log of changes
  }

  GraphStore open() const { return GraphStore::open(workspace_.store(), small_schema()); }

  void grow(std::size_t events) {
    GraphStore store = open();
    store.apply(with_sources(random_events(events, ++seed_)));
    sequence_ = store.info().sequence;
  }

  void show(Freshen how, Files& files = real_files()) {
    const GraphStore store = GraphStore::open(workspace_.store(), small_schema(), {}, files);
    freshen(store, workspace_, "root", {.how = how}, no_progress(), files);
  }

  // The named moments that a run passes.
  template <typename Act>
  static std::vector<std::string> moments_of(Act&& act) {
    FaultFiles files(real_files());
    std::vector<std::string> out;
    files.on_kill_point([&](std::string_view name) {
      if (std::find(out.begin(), out.end(), name) == out.end()) out.emplace_back(name);
    });
    act(files);
    return out;
  }

  // Each kill happens on a workspace to which a few events were added.
  void kill_while_showing(Freshen how, const std::string& verb, std::size_t least_moments) {
    grow(5);
    const std::vector<std::string> moments = moments_of([&](Files& files) { show(how, files); });
    EXPECT_GE(moments.size(), least_moments);
    at_each(std::vector<std::string_view>(moments.begin(), moments.end()), seed_, [&](const Kill& kill) {
      const std::uint64_t before = sequence_;
      grow(5);
      const bool killed = run_care_program({verb, workspace_.folder}, kill);
      const auto live = open_live_view(workspace_);
      EXPECT_TRUE(live.has_value());
      if (live.has_value()) {
        EXPECT_THAT(live->info().sequence, AnyOf(before, sequence_));
      }
      show(how);
      EXPECT_EQ(open_live_view(workspace_)->info().sequence, sequence_);
      return killed;
    });
    const GraphStore store = open();
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    const fs::path wanted = folder_ / "wanted", compacted = folder_ / "compacted";
    store.write_snapshot(wanted, "root");
    freshen(store, workspace_, "root", {.how = Freshen::kSnapshot});
    EXPECT_EQ(content(*current_snapshot(workspace_)), content(wanted));
  }

  test::TempFolder folder_{test::in_memory()};
  Workspace workspace_{folder_ / "shop.weft"};
  std::uint64_t seed_ = 0, sequence_ = 0;
};

TEST_F(WorkspaceCrash, KilledWhileADeltaIsWritten) {
  kill_while_showing(Freshen::kDelta, "delta", 6);
}

TEST_F(WorkspaceCrash, KilledInACompaction) {
  kill_while_showing(Freshen::kSnapshot, "compact", 12);
}

TEST_F(WorkspaceCrash, KilledWhileAPersonIsForgotten) {
  const std::string person = "zoe-of-elm-street";
  {
    GraphStore store = open();
    store.apply({.events = {buy(0x77, person, "i3", 5), buy(0x78, person, "i4", 9)}});
    export_delta(store, workspace_, "root");
  }
  ASSERT_THAT(places_of(person, workspace_.folder), ::testing::Not(IsEmpty()));
  const fs::path kept = folder_ / "kept";
  fs::copy(workspace_.folder, kept, fs::copy_options::recursive);
  std::string wanted;  // the store after a run that nothing disturbed
  const auto forget = [&] {
    GraphStore store = open();
    forget_node(store, kUser, person, {.only_by_edges = {0, 0, 0, 1}});
    finish_forgetting(store, workspace_);
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    return dump(store);
  };
  at_each(kForgetKillPoints, seed_, [&](const Kill& kill) {
    fs::remove_all(workspace_.folder);
    fs::copy(kept, workspace_.folder, fs::copy_options::recursive);
    const bool killed = run_care_program({"forget", workspace_.folder, person}, kill);
    {
      const GraphStore store = open();
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
      EXPECT_EQ(store.find_node(kUser, person).has_value(), dump(store).find(person) != std::string::npos);
    }
    const std::string got = forget();
    if (wanted.empty()) wanted = got;
    EXPECT_EQ(got, wanted);
    EXPECT_THAT(places_of(person, workspace_.folder), IsEmpty());
    return killed;
  });
}

TEST_F(WorkspaceCrash, KilledInAnExport) {
  show(Freshen::kSnapshot);
  const graph::Snapshot snapshot = graph::Snapshot::open(*current_snapshot(workspace_));
  for (const auto& [name, format] :
       {std::pair{"parquet", ExchangeFormat::kParquet}, {"npy", ExchangeFormat::kNpy}}) {
    const fs::path wanted = folder_ / (std::string("wanted.") + name), out = folder_ / name;
    const std::vector<std::string> moments = moments_of([&](Files& files) {
      export_graph(snapshot, small_schema(), wanted, format, {}, no_progress(), files);
    });
    EXPECT_EQ(moments.size(), 4U);
    at_each(std::vector<std::string_view>(moments.begin(), moments.end()), seed_, [&](const Kill& kill) {
      const bool killed = run_care_program({"export", workspace_.folder, out, name}, kill);
      if (!fs::exists(out)) export_graph(snapshot, small_schema(), out, format);
      EXPECT_EQ(content(out), content(wanted)) << "a part of it was taken for the whole";
      EXPECT_FALSE(fs::exists(out.string() + ".tmp"));
      fs::remove_all(out);
      return killed;
    });
  }
}

TEST_F(WorkspaceCrash, KilledInAnImport) {
  show(Freshen::kSnapshot);
  const fs::path exported = folder_ / "exported";
  const graph::Snapshot snapshot = graph::Snapshot::open(*current_snapshot(workspace_));
  export_graph(snapshot, small_schema(), exported, ExchangeFormat::kNpy);
  const Project project{
      .file = "shop.toml", .data_root = "root", .workspace = {folder_ / "to.weft"}, .schema = small_schema()};
  const std::vector<std::string> moments =
      moments_of([&](Files& files) { import_graph(project, exported, no_progress(), files); });
  EXPECT_GT(moments.size(), 4U);
  fs::remove_all(project.workspace.folder);
  at_each(std::vector<std::string_view>(moments.begin(), moments.end()), seed_, [&](const Kill& kill) {
    const bool killed = run_care_program({"import", project.workspace.folder, exported}, kill);
    if (!fs::exists(project.workspace.store())) import_graph(project, exported);
    {
      const GraphStore store = GraphStore::open_existing(project.workspace.store());
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
      fs::remove_all(folder_ / "again");
      EXPECT_EQ(store.write_snapshot(folder_ / "again", "root").checksum, snapshot.info().checksum);
    }
    fs::remove_all(project.workspace.folder);
    return killed;
  });
}

}  // namespace
}  // namespace weft::storage
