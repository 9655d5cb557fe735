// Scans of the store against tables in memory, which are their oracle: the same bytes in every file.
#include "storage/snapshot_scan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "base/fault_files.h"
#include "graph/snapshot_writer.h"
#include "storage/store_impl.h"
#include "tests/graph/random_graph.h"
#include "tests/storage/shop.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

void apply_all(GraphStore& store, const std::vector<graph::Event>& events) {
  EventBatch batch;
  for (std::uint16_t i = 0; i < 3; ++i)
    batch.ledger.push_back({.source = i, .name = fmt::format("source {}", i)});
  batch.events = events;
  store.apply(batch);
}

void expect_same_bytes(const GraphStore& store, const fs::path& folder) {
  fs::remove_all(folder);
  const std::uint64_t checksum = graph::write_snapshot(store.tables("root"), folder / "wanted").checksum;
  const auto wanted = graph::folder_content(folder / "wanted");
  for (const std::size_t memory : {std::size_t{0}, std::size_t{100'000}, std::size_t{1} << 28}) {
    for (const std::size_t threads : {1U, 2U, 4U}) {
      SCOPED_TRACE(fmt::format("{} bytes, {} threads", memory, threads));
      const SnapshotOptions options{.memory = memory,
                                    .threads = threads,
                                    .nodes_per_piece = 1 + 7 * threads,
                                    .row_in_memory = 3 * threads};
      EXPECT_EQ(scan_into_snapshot(store, folder / "scanned", "root", options).checksum, checksum);
      EXPECT_TRUE(graph::folder_content(folder / "scanned") == wanted);
      fs::remove_all(folder / "scanned");
    }
  }
}

TEST(SnapshotScan, GivesTheBytesOfTheTablesWhateverMemoryAndThreads) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    test::TempFolder folder;
    GraphStore store = GraphStore::open(folder / "store", small_schema());
    expect_same_bytes(store, folder / "empty");
    apply_all(store, random_events(3000, seed));
    expect_same_bytes(store, folder / "snapshots");
  }
}

TEST(SnapshotScan, ForgottenNodesKeepTheirPlaces) {
  test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  std::vector<graph::Event> events = random_events(300, 7);
  for (int i = 0; i < 40; ++i)
    events.insert(events.begin() + i * 7,
                  {.id = 1, .nodes = {{.type = kItem, .external_id = fmt::format("gone {}", i)}}});
  apply_all(store, events);
  GraphStore::Impl& impl = store.impl();
  std::size_t forgotten = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string name = fmt::format("gone {}", i);
    const auto node = store.find_node(kItem, name);
    ASSERT_TRUE(node);
    ASSERT_TRUE(impl.db->Delete({}, impl.family(kIds), id_key(kItem, name)).ok());
    ASSERT_TRUE(impl.db->Put({}, impl.family(kNames), node_key({kItem, *node}), "").ok());
    ++forgotten;
  }
  expect_same_bytes(store, folder / "snapshots");
  scan_into_snapshot(store, folder / "s", "", {});
  const graph::Snapshot snapshot = graph::Snapshot::open(folder / "s");
  EXPECT_EQ(snapshot.forgotten_nodes(kItem), forgotten);
  EXPECT_EQ(snapshot.forgotten_nodes(kUser), 0u);
  EXPECT_EQ(snapshot.node_count(kItem), store.info().node_counts[kItem]);
}

TEST(SnapshotScan, FieldsOfEveryKind) {
  const Shop shop;
  shop.ingest();
  expect_same_bytes(shop.open(shop.project()), shop.folder() / "snapshots");
}

TEST(SnapshotScan, FilesOfSeveralLevelsAndAReader) {
  test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    apply_all(store, random_events(1000, seed));
    for (rocksdb::ColumnFamilyHandle* family : store.impl().handles)
      ASSERT_TRUE(store.impl().db->Flush({}, family).ok());
    if (seed == 2) {
      ASSERT_TRUE(store.impl().db->CompactRange({}, store.impl().family(kIds), nullptr, nullptr).ok());
    }
  }
  expect_same_bytes(store, folder / "snapshots");
  const GraphStore reader = GraphStore::open_reader(folder / "store");
  expect_same_bytes(reader, folder / "of a reader");
}

// First-seen times of more nodes than fit at once go through parts on disk.
TEST(SnapshotScan, MoreNodesThanFitInMemory) {
  test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  std::vector<graph::Event> events;
  for (std::uint64_t i = 0; i < 5000; ++i)
    events.push_back(
        buy(i + 1, fmt::format("user {}", i * 7919 % 5000), "item", static_cast<graph::TimeMs>(i)));
  apply_all(store, events);
  expect_same_bytes(store, folder / "snapshots");
}

TEST(SnapshotScan, TooGreatWeightsNameTheNode) {
  test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  std::vector<graph::Event> events;
  for (std::uint64_t i = 0; i < 4096; ++i)
    events.push_back(buy(i + 1, fmt::format("u{}", i), "one", 0, 4294967296.0));
  apply_all(store, events);
  try {
    scan_into_snapshot(store, folder / "s", "", {});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.summary(), "the weights of the buys edges of item 'one' add up to too much");
  }
  EXPECT_FALSE(fs::exists(folder / "s"));
  EXPECT_FALSE(fs::exists(folder / "s.tmp"));
}

// What is not as it should be behind valid checksums: an Error, and no snapshot.
TEST(SnapshotScan, DamageIsAnError) {
  using Damage = std::function<rocksdb::Status(GraphStore::Impl&)>;
  const auto put = [](Family family, std::string key, std::string value) -> Damage {
    return [=](GraphStore::Impl& impl) { return impl.db->Put({}, impl.family(family), key, value); };
  };
  const auto remove = [](Family family, std::string key) -> Damage {
    return [=](GraphStore::Impl& impl) { return impl.db->Delete({}, impl.family(family), key); };
  };
  const auto prefix = encode_edge_prefix(kBuys, 0);
  const std::vector<Damage> damages = {
      put(kIds, id_key(kUser, "u1"), "short"),
      put(kIds, id_key(kUser, "unknown"), encode_id_value({.node = 0})),
      put(kIds, id_key(kUser, "u1"), encode_id_value({.node = 5000})),
      remove(kIds, id_key(kUser, "u1")),
      remove(kNames, node_key({kUser, 3})),
      put(kNames, node_key({kUser, 3000}), "more"),
      put(kFields, field_key({kUser, 0}, 9), "x"),
      put(kFields, field_key({kUser, 0}, 0),
          "\x01"
          "short"),
      put(kFields, field_key({kUser, 0}, 0),
          "\x03"
          "a text"),
      put(kOutgoing, std::string(prefix.data(), prefix.size()) + "short", "x"),
  };
  for (std::size_t i = 0; i < damages.size(); ++i) {
    SCOPED_TRACE(i);
    test::TempFolder folder;
    GraphStore store = GraphStore::open(folder / "store", small_schema());
    apply_all(store, random_events(400, 1));
    ASSERT_TRUE(damages[i](store.impl()).ok());
    for (const std::size_t threads : {1U, 2U})
      EXPECT_THROW(scan_into_snapshot(store, folder / "s", "", {.threads = threads}), Error);
    EXPECT_FALSE(fs::exists(folder / "s"));
    EXPECT_FALSE(fs::exists(folder / "s.tmp"));
  }
}

TEST(SnapshotScan, AFailedFileOperationLeavesNothing) {
  test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  apply_all(store, random_events(400, 1));
  const SnapshotOptions options{.memory = 0, .threads = 2};
  FaultFiles counting(real_files());
  const std::uint64_t checksum =
      scan_into_snapshot(store, folder / "wanted", "", options, no_progress(), counting).checksum;
  for (const FileOperation operation : {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync,
                                        FileOperation::kRead, FileOperation::kRename}) {
    const std::uint64_t count = counting.count(operation);
    for (std::uint64_t n = 1; n <= count; n += 1 + count / 8) {
      SCOPED_TRACE(fmt::format("operation {}, time {}", static_cast<int>(operation), n));
      FaultFiles files(real_files());
      files.fail_nth(operation, n);
      EXPECT_THROW(scan_into_snapshot(store, folder / "s", "", options, no_progress(), files), Error);
      EXPECT_FALSE(fs::exists(folder / "s"));
    }
  }
  EXPECT_EQ(scan_into_snapshot(store, folder / "s", "", options).checksum, checksum);
}

}  // namespace
}  // namespace weft::storage
