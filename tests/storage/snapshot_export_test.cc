#include "storage/snapshot_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/storage/shop.h"
#include "tests/storage/small_store.h"

namespace weft::storage {
namespace {

ExportedSnapshot export_shop(const Shop& shop) {
  const Project project = shop.project();
  const GraphStore store = shop.open(project);
  return export_snapshot(store, project.workspace, project.data_root);
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(SnapshotExport, TheSnapshotShowsTheStore) {
  const Shop shop;
  shop.ingest();
  const ExportedSnapshot exported = export_shop(shop);
  EXPECT_FALSE(exported.reused);
  EXPECT_EQ(current_snapshot(shop.project().workspace), exported.folder);
  const graph::Snapshot snapshot = graph::Snapshot::open(exported.folder);
  const Project project = shop.project();
  const GraphStore store = shop.open(project);
  for (graph::NodeTypeId type = 0; type < project.schema.graph.node_types().size(); ++type) {
    ASSERT_EQ(snapshot.node_count(type), store.info().node_counts[type]);
    for (graph::NodeId node = 0; node < snapshot.node_count(type); ++node) {
      EXPECT_EQ(snapshot.external_id({type, node}), store.external_id({type, node}));
      EXPECT_EQ(snapshot.first_seen(type)[node], store.first_seen({type, node}));
    }
  }
  for (graph::EdgeTypeId type = 0; type < project.schema.graph.edge_types().size(); ++type) {
    ASSERT_EQ(snapshot.edge_count(type), store.info().edge_counts[type]);
    const graph::CsrView rows = snapshot.outgoing(type);
    for (graph::NodeId node = 0; node < rows.rows(); ++node) {
      auto newest_first = store.neighbours({project.schema.graph.edge_type(type).from, node},
                                           graph::outgoing_relation(type), 1000);
      ASSERT_EQ(newest_first.size(), rows.degree(node));
      for (std::size_t i = 0; i < newest_first.size(); ++i)
        EXPECT_EQ(rows.neighbours(node)[rows.degree(node) - 1 - i], newest_first[i].node);
    }
  }
  EXPECT_EQ(snapshot.display_name({1, 0}), "Chair");
  EXPECT_THAT(
      snapshot.info().source_files,
      ::testing::ElementsAre("users.csv", "items.jsonl", "reviews.jsonl", "events.csv", "follows.tsv"));
}

TEST(SnapshotExport, AnUnchangedStoreReusesItsSnapshot) {
  const Shop shop;
  shop.ingest();
  const ExportedSnapshot first = export_shop(shop);
  shop.ingest();
  const ExportedSnapshot second = export_shop(shop);
  EXPECT_TRUE(second.reused);
  EXPECT_EQ(second.folder, first.folder);
  EXPECT_EQ(second.info.checksum, first.info.checksum);
}

TEST(SnapshotExport, ChecksumDependsOnContentNotOnTheStore) {
  const Shop a;
  const Shop b;
  a.ingest();
  b.ingest({}, {.batch_rows = 1});
  const ExportedSnapshot first = export_shop(a);
  const ExportedSnapshot second = export_shop(b);
  EXPECT_NE(first.info.store_uuid, second.info.store_uuid);
  EXPECT_EQ(first.info.checksum, second.info.checksum);
}

TEST(SnapshotExport, KeepsTheCurrentAndTheOneBefore) {
  Shop shop;
  std::vector<ExportedSnapshot> all;
  for (int i = 0; i < 4; ++i) {
    shop.append("follows.tsv", "u" + std::to_string(i) + "\tv\n");
    shop.ingest();
    all.push_back(export_shop(shop));
    std::filesystem::create_directories(shop.project().workspace.snapshots() /
                                        "000000000099-0123abcd.tmp");  // by a killed export
  }
  EXPECT_EQ(export_shop(shop).folder, all[3].folder);
  EXPECT_THAT(names_in(shop.project().workspace.snapshots()),
              ::testing::UnorderedElementsAre("current", all[2].folder.filename().string(),
                                              all[3].folder.filename().string()));
}

TEST(SnapshotExport, ANewSourceWithoutRowsIsNamed) {
  Shop shop;
  shop.ingest();
  export_shop(shop);
  std::string text = kShopToml;
  text.replace(text.find("\"follows.tsv\""), 13, "[\"follows.tsv\", \"more.tsv\"]");
  shop.write("shop.toml", text);
  shop.write("more.tsv", "a\tb\n");
  shop.ingest();
  EXPECT_EQ(export_shop(shop).info.source_files.back(), "more.tsv");
}

TEST(SnapshotExport, ADamagedSnapshotIsWrittenAgain) {
  const Shop shop;
  shop.ingest();
  const ExportedSnapshot first = export_shop(shop);
  std::filesystem::remove(first.folder / "manifest.json");
  const ExportedSnapshot second = export_shop(shop);
  EXPECT_FALSE(second.reused);
  EXPECT_EQ(second.info.checksum, first.info.checksum);
}

// Every file's size, offsets and codes are as they were: only the checksums tell.
TEST(SnapshotExport, AFlippedByteIsWrittenAgain) {
  const Shop shop;
  shop.ingest();
  const ExportedSnapshot first = export_shop(shop);
  bool flipped = false;
  for (const auto& entry : std::filesystem::directory_iterator(first.folder)) {
    std::string text = real_files().read_whole(entry.path());
    const std::size_t at = text.find("Chair");
    if (at == std::string::npos) continue;
    text[at] = 'c';
    real_files().write_whole(entry.path(), text);
    flipped = true;
  }
  ASSERT_TRUE(flipped);
  graph::Snapshot::open(first.folder, graph::Verify::kStructure);
  try {
    graph::Snapshot::open(first.folder, graph::Verify::kChecksums);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("run `weft ingest` again"));
  }
  const ExportedSnapshot second = export_shop(shop);
  EXPECT_FALSE(second.reused);
  EXPECT_EQ(second.info.checksum, first.info.checksum);
  graph::Snapshot::open(second.folder, graph::Verify::kChecksums);
}

TEST(SnapshotExport, WhatHasNoNameOfOursStays) {
  Shop shop;
  shop.ingest();
  const auto folder = shop.project().workspace.snapshots();
  const std::vector<std::string> others = {
      "notes", "2024-backup", "000000000001-0123abcd.old", "000000000001-0123abcdef", "000000000001-0123ABCD",
      "x.tmp"};
  for (const std::string& name : others) std::filesystem::create_directories(folder / name);
  std::filesystem::create_directories(folder / "000000000001-0123abcd");
  real_files().write_whole(folder / "current.tmp", "left by a killed export");
  const ExportedSnapshot exported = export_shop(shop);
  std::vector<std::string> expected = others;
  expected.insert(expected.end(), {"current", exported.folder.filename().string()});
  EXPECT_THAT(names_in(folder), ::testing::UnorderedElementsAreArray(expected));
}

TEST(SnapshotExport, ADamagedPointerIsAClearError) {
  const Shop shop;
  const Workspace workspace = shop.project().workspace;
  EXPECT_FALSE(current_snapshot(workspace));
  shop.ingest();
  export_shop(shop);
  real_files().write_whole(workspace.snapshots() / "current", "../../etc");
  EXPECT_THROW(current_snapshot(workspace), Error);
  real_files().write_whole(workspace.snapshots() / "current", "gone\n");
  EXPECT_THROW(current_snapshot(workspace), Error);
  export_shop(shop);
  EXPECT_TRUE(current_snapshot(workspace));
}

TEST(SnapshotExport, AReaderMayNotExport) {
  const Shop shop;
  shop.ingest();
  const Project project = shop.project();
  const GraphStore reader = GraphStore::open_reader(project.workspace.store());
  EXPECT_THROW(export_snapshot(reader, project.workspace, project.data_root), Error);
}

}  // namespace
}  // namespace weft::storage
