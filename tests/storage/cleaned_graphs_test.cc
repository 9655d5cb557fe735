#include "storage/cleaned_graphs.h"

#include <gmock/gmock.h>

#include <set>

#include "base/error.h"
#include "graph/snapshot_writer.h"
#include "tests/graph/random_graph.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using graph::CleanRules;
using graph::PairRule;
using graph::Part;
using graph::Snapshot;
using graph::Split;

// A workspace with the snapshots "1-a" and "2-a" of a shop whose pairs mostly repeat.
struct Cleaned : ::testing::Test {
  Cleaned() {
    workspace.folder = folder.path();
    fs::create_directories(workspace.snapshots());
    for (const char* name : {"1-a", "2-a"})
      graph::write_snapshot(graph::random_shop(3, 12, 8, 200), workspace.snapshots() / name);
  }
  Snapshot open(const char* name = "1-a") const { return Snapshot::open(workspace.snapshots() / name); }
  static Split all_train(const Snapshot& snapshot) {
    Split split;
    for (std::size_t i = 0; i < snapshot.schema().edge_types().size(); ++i)
      split.parts.emplace_back(snapshot.edge_count(static_cast<graph::EdgeTypeId>(i)), Part::kTrain);
    return split;
  }
  static CleanRules rules(const Snapshot& snapshot, PairRule pairs, std::uint32_t core) {
    const auto& schema = snapshot.schema();
    CleanRules out{.pairs = std::vector<PairRule>(schema.edge_types().size(), PairRule::kAll),
                   .core = std::vector<std::uint32_t>(schema.node_types().size(), 0),
                   .core_edges = std::vector<std::uint8_t>(schema.edge_types().size(), 0)};
    out.pairs[0] = pairs;
    out.core[0] = core;
    out.core_edges[0] = 1;
    return out;
  }
  CleanedGraph clean(const Snapshot& snapshot, PairRule pairs, std::uint32_t core) const {
    const Split split = all_train(snapshot);
    return cleaned_graph(workspace, snapshot, split,
                         graph::fit_clean(snapshot, split, rules(snapshot, pairs, core)));
  }
  std::set<std::string> kept() const {
    std::set<std::string> names;
    if (!fs::exists(workspace.cleaned())) return names;
    for (const auto& entry : fs::directory_iterator(workspace.cleaned())) {
      if (entry.is_directory()) names.insert(entry.path().filename().string());
    }
    return names;
  }

  graph::TestFolder folder;
  Workspace workspace;
};

TEST_F(Cleaned, IsWrittenOnceAndFoundAgain) {
  const Snapshot snapshot = open();
  const CleanedGraph first = clean(snapshot, PairRule::kFirst, 5);
  EXPECT_GT(first.edges.removed(), 0U);
  EXPECT_EQ(first.snapshot.edge_count(0), first.split.parts[0].size());
  EXPECT_EQ(first.snapshot.edge_count(0) + first.edges.removed(), snapshot.edge_count(0));
  const auto written = fs::last_write_time(first.snapshot.folder() / "manifest.json");
  const CleanedGraph again = clean(snapshot, PairRule::kFirst, 5);
  EXPECT_EQ(again.snapshot.folder(), first.snapshot.folder());
  EXPECT_EQ(fs::last_write_time(again.snapshot.folder() / "manifest.json"), written);
  const std::string file = again.snapshot.folder().string() + ".json";
  EXPECT_EQ(graph::CleanConstants::from_text(real_files().read_whole(file), snapshot.schema(), file),
            first.constants);
}

TEST_F(Cleaned, WhereNothingIsTakenAwayItIsTheSnapshotItself) {
  const Snapshot snapshot = open();
  EXPECT_EQ(clean(snapshot, PairRule::kAll, 0).snapshot.folder(), snapshot.folder());
  EXPECT_TRUE(kept().empty());
}

TEST_F(Cleaned, ADamagedOneIsWrittenAgain) {
  const Snapshot snapshot = open();
  const fs::path file = clean(snapshot, PairRule::kFirst, 0).snapshot.folder() / "edge_0.out.targets";
  const std::string good = real_files().read_whole(file);
  std::string bad = good;
  bad[0] = static_cast<char>(bad[0] ^ 1);
  real_files().write_whole(file, bad);
  clean(snapshot, PairRule::kFirst, 0);
  EXPECT_EQ(real_files().read_whole(file), good);
}

TEST_F(Cleaned, GoWithTheirSnapshot) {
  clean(open("1-a"), PairRule::kFirst, 0);
  const std::string second = clean(open("2-a"), PairRule::kFirst, 0).snapshot.folder().filename();
  EXPECT_EQ(kept().size(), 2U);
  fs::remove_all(workspace.snapshots() / "1-a");
  prune_cleaned_graphs(workspace);
  EXPECT_EQ(kept(), std::set<std::string>{second});
  fs::remove_all(workspace.snapshots());
  prune_cleaned_graphs(workspace);
  EXPECT_TRUE(kept().empty());
}

TEST_F(Cleaned, ManySettingsLeaveTheLatestFew) {
  const Snapshot snapshot = open();
  std::set<std::string> made;
  std::string last;
  for (std::uint32_t core = 10; core < 20; ++core) {
    last = clean(snapshot, PairRule::kAll, core).snapshot.folder().filename();
    made.insert(last);
  }
  ASSERT_GT(made.size(), 4U);
  EXPECT_EQ(kept().size(), 4U);
  EXPECT_TRUE(kept().contains(last));
}

TEST_F(Cleaned, AnEmptyPartIsAnError) {
  const Snapshot snapshot = open();
  Split split = all_train(snapshot);
  split.parts[0].back() = Part::kTest;
  const auto constants = graph::fit_clean(snapshot, split, rules(snapshot, PairRule::kAll, 1'000'000));
  EXPECT_THROW(cleaned_graph(workspace, snapshot, split, constants), Error);
  EXPECT_TRUE(kept().empty());
}

}  // namespace
}  // namespace weft::storage
