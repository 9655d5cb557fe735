#include "storage/change_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/fault_files.h"
#include "graph/compaction.h"
#include "storage/verify.h"
#include "tests/graph/random_graph.h"
#include "tests/storage/small_store.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

// The snapshot in `base` and what the log says came after it, compacted: byte for byte the store's own
// snapshot.
void expect_delta_leads_to(const GraphStore& store, const fs::path& base, const fs::path& scratch) {
  const auto delta = changes_since(store, graph::read_delta_base(base));
  ASSERT_TRUE(delta.has_value());
  fs::remove_all(scratch);
  fs::create_directories(scratch);
  graph::write_delta(*delta, scratch / "delta");
  const graph::LiveView live(graph::Snapshot::open(base), graph::read_delta(scratch / "delta"));
  const auto compacted = graph::compact(live, scratch / "compacted", "root");
  const auto wanted = store.write_snapshot(scratch / "wanted", "root");
  ASSERT_EQ(compacted.checksum, wanted.checksum);
  ASSERT_EQ(graph::folder_content(scratch / "compacted"), graph::folder_content(scratch / "wanted"));
}

TEST(ChangeLog, EntriesComeBack) {
  ChangeEntry entry{.before = 77, .seen = {{1, 5}, {0, 2}}, .fields = {{{1, 3}, 1}}};
  entry.edges.push_back({false, {2, 7, -5, 9, 11}, {1, 2.5F}});
  entry.edges.push_back({true, {3, 7, graph::kNoTime, 9, 12}, {}});
  const std::string bytes = encode_change(entry);
  EXPECT_EQ(decode_change(bytes), entry);
  EXPECT_EQ(decode_change(encode_change({})), ChangeEntry{});
  EXPECT_EQ(entry.changes(), 5U);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_change(std::string_view(bytes).substr(0, size)).has_value());
  EXPECT_FALSE(decode_change(bytes + "x").has_value());
  EXPECT_EQ(change_sequence(change_key(0x0102030405060708)), 0x0102030405060708U);
  EXPECT_FALSE(change_sequence("changes").has_value());
  const ChangeLogState state{.from = 5, .changes = 1'000'000'000'000};
  EXPECT_EQ(decode_change_log(encode_change_log(state)), state);
  EXPECT_FALSE(decode_change_log("short").has_value());
}

// Late events, nodes seen earlier, fields written over, replaced attributes: several deltas of one snapshot,
// each to where the store is by then.
TEST(ChangeLog, SeveralDeltasOfOneSnapshot) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    const graph::TestFolder folder;
    const auto events = random_events(1200, seed);
    GraphStore store = GraphStore::open(folder / "store", small_schema());
    store.apply(slice_of(events, 0, 400));
    EXPECT_FALSE(change_log(store).has_value());
    store.write_snapshot(folder / "base", "root");
    keep_changes_from(store, store.info().sequence);
    expect_delta_leads_to(store, folder / "base", folder / "scratch");  // of nothing
    std::mt19937_64 random(seed);
    for (std::size_t at = 400; at < events.size();) {
      const std::size_t next = at + 1 + random() % 300;
      store.apply(slice_of(events, at, next));
      at = next;
      expect_delta_leads_to(store, folder / "base", folder / "scratch");
    }
    EXPECT_TRUE(verify_store(store).ok());
    // A reader sees the same.
    const GraphStore reader = GraphStore::open_reader(folder / "store");
    expect_delta_leads_to(reader, folder / "base", folder / "scratch");
  }
}

TEST(ChangeLog, GoesOnAfterReopeningAndBehindANewSnapshot) {
  const graph::TestFolder folder;
  const auto events = random_events(900, 11);
  {
    GraphStore store = GraphStore::open(folder / "store", small_schema());
    store.apply(slice_of(events, 0, 300));
    store.write_snapshot(folder / "base", "root");
    keep_changes_from(store, store.info().sequence);
    store.apply(slice_of(events, 300, 400));
  }
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  store.apply(slice_of(events, 400, 500));
  expect_delta_leads_to(store, folder / "base", folder / "scratch");
  store.write_snapshot(folder / "next", "root");
  const std::uint64_t sequence = store.info().sequence;
  store.apply(slice_of(events, 500, 600));
  expect_delta_leads_to(store, folder / "next", folder / "scratch");
  // The snapshot is durable by now: what came before it is no longer needed.
  const std::uint64_t before = change_log(store)->changes;
  keep_changes_from(store, sequence);
  EXPECT_EQ(change_log(store)->from, sequence);
  EXPECT_LT(change_log(store)->changes, before);
  EXPECT_GT(change_log(store)->changes, 0U);
  expect_delta_leads_to(store, folder / "next", folder / "scratch");
  EXPECT_FALSE(changes_since(store, graph::read_delta_base(folder / "base")).has_value());
  keep_changes_from(store, sequence - 1);  // never back
  EXPECT_EQ(change_log(store)->from, sequence);
}

TEST(ChangeLog, EndsWhenASnapshotIsTheCheaperWay) {
  const graph::TestFolder folder;
  const auto events = random_events(2000, 12);
  GraphStore store = GraphStore::open(folder / "store", small_schema(), {.logged_changes = 500});
  store.apply(slice_of(events, 0, 200));
  store.write_snapshot(folder / "base", "root");
  keep_changes_from(store, store.info().sequence);
  store.apply(slice_of(events, 200, 400));
  expect_delta_leads_to(store, folder / "base", folder / "scratch");
  store.apply(slice_of(events, 400, 2000));
  EXPECT_FALSE(change_log(store).has_value());
  EXPECT_FALSE(changes_since(store, graph::read_delta_base(folder / "base")).has_value());
  // Later batches leave none behind.
  store.apply(with_sources({buy(5, "u", "i", 5)}));
  store.write_snapshot(folder / "next", "root");
  keep_changes_from(store, store.info().sequence);
  EXPECT_EQ(*change_log(store), (ChangeLogState{.from = store.info().sequence}));
  store.apply(with_sources({buy(7, "u", "i", 6)}));
  expect_delta_leads_to(store, folder / "next", folder / "scratch");
}

TEST(ChangeLog, DroppedItIsGoneAndOnlyTheWriterMay) {
  const graph::TestFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  store.apply(with_sources({buy(1, "u", "i", 5)}));
  keep_changes_from(store, store.info().sequence);
  store.apply(with_sources({buy(3, "u", "i", 6)}));
  ASSERT_TRUE(change_log(store).has_value());
  drop_changes(store);
  EXPECT_FALSE(change_log(store).has_value());
  store.apply(with_sources({buy(9, "u", "i", 7)}));
  const GraphStore reader = GraphStore::open_reader(folder / "store");
  EXPECT_FALSE(change_log(reader).has_value());
  EXPECT_THROW(keep_changes_from(reader, reader.info().sequence), Error);
  EXPECT_THROW(drop_changes(reader), Error);
}

// A failed batch is in neither store nor log.
TEST(ChangeLog, StandsWithItsBatchOrNotAtAll) {
  const graph::TestFolder folder;
  FaultFiles files(real_files());
  const auto events = random_events(400, 13);
  {
    GraphStore store = GraphStore::open(folder / "store", small_schema(), {}, files);
    store.apply(slice_of(events, 0, 200));
    store.write_snapshot(folder / "base", "root");
    keep_changes_from(store, store.info().sequence);
    store.apply(slice_of(events, 200, 300));
    files.on_kill_point([](std::string_view name) {
      if (name == "apply.before_write") throw Error("stopped");
    });
    EXPECT_THROW(store.apply(slice_of(events, 300, 400)), Error);
  }
  files.on_kill_point([](std::string_view) {});
  GraphStore store = GraphStore::open(folder / "store", small_schema(), {}, files);
  expect_delta_leads_to(store, folder / "base", folder / "scratch");
  store.apply(slice_of(events, 300, 400));
  expect_delta_leads_to(store, folder / "base", folder / "scratch");
}

TEST(ChangeLog, OfAnotherStoreIsNoDelta) {
  const graph::TestFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  store.apply(with_sources({buy(1, "u", "i", 5)}));
  store.write_snapshot(folder / "base", "root");
  keep_changes_from(store, store.info().sequence);
  GraphStore other = GraphStore::open(folder / "other", small_schema());
  other.apply(with_sources({buy(1, "u", "i", 5)}));
  keep_changes_from(other, other.info().sequence);
  EXPECT_TRUE(changes_since(store, graph::read_delta_base(folder / "base")).has_value());
  EXPECT_FALSE(changes_since(other, graph::read_delta_base(folder / "base")).has_value());
}

}  // namespace
}  // namespace weft::storage
