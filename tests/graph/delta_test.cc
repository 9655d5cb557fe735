#include "graph/delta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "base/fault_files.h"
#include "tests/graph/random_delta.h"

namespace weft::graph {
namespace {

namespace fs = std::filesystem;

Delta some_delta(std::uint64_t seed) {
  const GraphTables base = random_shop(seed);
  SnapshotInfo info = base.info;
  info.checksum = 0x1234567890abcdef + seed;
  return random_delta(base, info, seed);
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

void expect_equal(const EdgeList& a, const EdgeList& b) {
  EXPECT_EQ(a.from, b.from);
  EXPECT_EQ(a.to, b.to);
  EXPECT_EQ(a.times, b.times);
  EXPECT_EQ(a.weights, b.weights);
  EXPECT_EQ(a.events, b.events);
  EXPECT_EQ(a.sources, b.sources);
}

void expect_equal(const Delta& a, const Delta& b) {
  EXPECT_EQ(a.info, b.info);
  EXPECT_EQ(a.schema, b.schema);
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  ASSERT_EQ(a.edges.size(), b.edges.size());
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    EXPECT_EQ(a.nodes[i].base_count, b.nodes[i].base_count);
    EXPECT_EQ(a.nodes[i].external_ids, b.nodes[i].external_ids);
    EXPECT_EQ(a.nodes[i].first_seen, b.nodes[i].first_seen);
    EXPECT_EQ(a.nodes[i].events, b.nodes[i].events);
    EXPECT_EQ(a.nodes[i].seen_nodes, b.nodes[i].seen_nodes);
    EXPECT_EQ(a.nodes[i].seen_times, b.nodes[i].seen_times);
    EXPECT_EQ(a.nodes[i].fields, b.nodes[i].fields);
  }
  for (std::size_t i = 0; i < a.edges.size(); ++i) {
    EXPECT_EQ(a.edges[i].base_count, b.edges[i].base_count);
    expect_equal(a.edges[i].added, b.edges[i].added);
    expect_equal(a.edges[i].removed, b.edges[i].removed);
  }
}

TEST(Delta, ComesBackAsItWasWritten) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Delta delta = some_delta(seed);
    EXPECT_GT(delta.changes(), 10U);
    TestFolder folder;
    const std::uint64_t bytes = write_delta(delta, folder / "d");
    std::uint64_t on_disk = 0;
    for (const auto& [name, content] : folder_content(folder / "d")) on_disk += content.size();
    EXPECT_EQ(bytes, on_disk);
    expect_equal(read_delta(folder / "d"), delta);
    EXPECT_EQ(read_delta_info(folder / "d"), delta.info);
    write_delta(delta, folder / "again");
    EXPECT_EQ(folder_content(folder / "again"), folder_content(folder / "d"));
    EXPECT_THROW(write_delta(delta, folder / "d"), Error);  // never over another
  }
}

TEST(Delta, KnowsItsSnapshotByTheManifest) {
  const GraphTables tables = random_shop(7);
  TestFolder folder;
  const SnapshotInfo info = write_snapshot(tables, folder / "s");
  const DeltaBase base = read_delta_base(folder / "s");
  EXPECT_EQ(base.info.checksum, info.checksum);
  EXPECT_EQ(base.info.sequence, info.sequence);
  EXPECT_EQ(base.schema, tables.schema);
  for (std::size_t i = 0; i < base.node_counts.size(); ++i)
    EXPECT_EQ(base.node_counts[i], tables.nodes[i].external_ids.size());
  for (std::size_t i = 0; i < base.edge_counts.size(); ++i)
    EXPECT_EQ(base.edge_counts[i], tables.edges[i].size());
  EXPECT_THROW(read_delta_base(folder / "none"), Error);
}

TEST(Delta, WhatDoesNotFitIsNeverWritten) {
  const auto refused = [](const auto& change) {
    Delta delta = some_delta(3);
    change(delta);
    TestFolder folder;
    EXPECT_THROW(write_delta(delta, folder / "d"), Error);
    EXPECT_THAT(names_in(folder.path()), ::testing::IsEmpty());
  };
  refused([](Delta& delta) { delta.nodes.pop_back(); });
  refused([](Delta& delta) { delta.info.sequence = delta.info.base_sequence - 1; });
  refused([](Delta& delta) { delta.nodes[0].first_seen.push_back(1); });
  refused(
      [](Delta& delta) { delta.nodes[0].seen_nodes.assign(2, 0), delta.nodes[0].seen_times.assign(2, 0); });
  refused([](Delta& delta) { delta.nodes[0].fields.push_back({0, 0, 1.0}); });  // does not ascend
  refused([](Delta& delta) { delta.nodes[1].fields = {{0, 0, 1.0}}; });         // a number as a title
  refused([](Delta& delta) { delta.nodes[1].fields = {{0, 9, 1.0}}; });
  refused([](Delta& delta) { delta.edges[0].added.to.at(0) = delta.node_count(1); });
  refused([](Delta& delta) { delta.edges[0].added.times.at(0) = kEndOfTime; });
  refused([](Delta& delta) { delta.edges[0].added.weights.at(0) = -1; });
  refused([](Delta& delta) { delta.edges[0].added.sources.at(0) = 4; });
  refused([](Delta& delta) { delta.edges[1].added.weights.push_back(1); });
  refused([](Delta& delta) { delta.edges[0].removed.from.at(0) = 30; });  // a new node's: it was never there
  refused([](Delta& delta) { delta.info.source_files.push_back("\xFF"); });
}

TEST(Delta, EveryFailedFileOperationLeavesNothing) {
  const Delta delta = some_delta(4);
  TestFolder reference;
  FaultFiles counting(real_files());
  write_delta(delta, reference / "d", counting);
  const auto expected = folder_content(reference / "d");
  for (const auto operation :
       {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync, FileOperation::kRename,
        FileOperation::kRemove, FileOperation::kMakeFolders, FileOperation::kSyncFolder}) {
    ASSERT_GT(counting.count(operation), 0U);
    for (std::uint64_t n = 1; n <= counting.count(operation); ++n) {
      TestFolder folder;
      FaultFiles files(real_files());
      files.fail_nth(operation, n);
      EXPECT_THROW(write_delta(delta, folder / "d", files), Error);
      EXPECT_THAT(names_in(folder.path()), ::testing::IsEmpty()) << static_cast<int>(operation) << " " << n;
      write_delta(delta, folder / "d", files);
      EXPECT_EQ(folder_content(folder / "d"), expected);
    }
  }
}

TEST(Delta, KilledAtEveryKillPoint) {
  const Delta delta = some_delta(5);
  for (const std::string point : {"before_files", "before_manifest", "before_rename", "after_rename"}) {
    TestFolder folder;
    FaultFiles files(real_files());
    files.on_kill_point([&](std::string_view name) {
      if (name == "delta." + point) std::_Exit(42);
    });
    EXPECT_EXIT(write_delta(delta, folder / "d", files), ::testing::ExitedWithCode(42), "");
    EXPECT_EQ(fs::exists(folder / "d"), point == "after_rename") << point;
    fs::remove_all(folder / "d");
    write_delta(delta, folder / "d");
    expect_equal(read_delta(folder / "d"), delta);
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"d"});
  }
}

// Any byte of any file that is not what was written is found, and so are lost and longer files.
TEST(Delta, EveryFlippedByteIsFound) {
  TestFolder folder;
  write_delta(some_delta(6), folder / "d");
  std::size_t flips = 0;
  for (const auto& [name, content] : folder_content(folder / "d")) {
    for (std::size_t at = 0; at < content.size(); ++at) {
      std::string changed = content;
      changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
      std::ofstream(folder / "d" / name, std::ios::binary) << changed;
      ASSERT_THROW(read_delta(folder / "d"), Error) << name << " " << at;
      ++flips;
    }
    std::ofstream(folder / "d" / name, std::ios::binary) << content << "x";
    EXPECT_THROW(read_delta(folder / "d"), Error) << name;
    fs::remove(folder / "d" / name);
    EXPECT_THROW(read_delta(folder / "d"), Error) << name;
    std::ofstream(folder / "d" / name, std::ios::binary) << content;
  }
  EXPECT_GT(flips, 5000U);
  expect_equal(read_delta(folder / "d"), some_delta(6));
}

}  // namespace
}  // namespace weft::graph
