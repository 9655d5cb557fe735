// Loads in bulk, one after the other, against batches of the same events.
#include "storage/bulk/store_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/storage/bulk/deletion_events.h"
#include "tests/storage/bulk/event_load.h"
#include "tests/storage/bulk/store_entries.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;

constexpr Family kOfEvents[] = {kIds, kNames, kFields, kOutgoing, kIncoming};

class StoreTablesTest : public ::testing::Test {
 protected:
  StoreTablesTest() : bulk_(open("bulk")), batches_(open("batches")) {}
  GraphStore open(const char* name) {
    return GraphStore::open(folder_ / name, small_schema(), {.sync = Sync::kNever});
  }
  // Into one store in bulk and into the other in a batch.
  void expect_same(const std::vector<graph::Event>& events, std::size_t memory) {
    const std::vector<std::string> before = entries_of(bulk_);
    StoreTables tables;
    std::uint64_t duplicates = 0;
    {
      EventLoad load(bulk_, folder_ / "scratch", memory, 3);
      load.add(events, 4);
      tables = load.tables();
      duplicates = load.duplicates;
      expect_same_entries(entries_of(bulk_), before);  // nothing until it is taken in
      take_in_tables(bulk_.impl(), tables);
    }
    const ApplyResult applied = batches_.apply(with_sources(events));
    EXPECT_EQ(duplicates, applied.duplicate_events);
    EXPECT_EQ(tables.new_edges, applied.new_edges);
    EXPECT_EQ(tables.edge_counts, batches_.info().edge_counts);
    EXPECT_EQ(tables.deletions, batches_.impl().deletions);
    EXPECT_EQ(bulk_.info().node_counts, batches_.info().node_counts);
    EXPECT_EQ(bulk_.info().edge_counts, batches_.info().edge_counts);
    EXPECT_EQ(bulk_.info().sequence, batches_.info().sequence);
    for (const Family family : kOfEvents)
      expect_same_entries(entries_of(bulk_, family), entries_of(batches_, family));
    for (const std::string_view prefix : {kDeletionPrefix, kDeletionAtPrefix, kDeletedPrefix})
      expect_same_entries(entries_of(bulk_, kMeta, prefix), entries_of(batches_, kMeta, prefix));
  }

  test::TempFolder folder_{test::in_memory()};
  GraphStore bulk_, batches_;
};

TEST_F(StoreTablesTest, AsInBatchesIntoAnEmptyStoreAndIntoOneThatHoldsData) {
  std::uint64_t seed = 20;
  std::vector<graph::Event> loaded;
  for (const std::size_t memory : {std::size_t{8} << 20, std::size_t{1} << 10, std::size_t{1}}) {
    SCOPED_TRACE(memory);
    std::vector<graph::Event> events = random_events(900, ++seed);
    const std::vector<graph::Event> bought = buys_and_deletions(400, ++seed, 2);
    events.insert(events.end(), bought.begin(), bought.end());
    events.insert(events.end(), loaded.begin(),
                  loaded.begin() + std::min<std::ptrdiff_t>(300, std::ssize(loaded)));
    std::shuffle(events.begin(), events.end(), std::mt19937_64(seed));
    loaded = in_sources(events);
    expect_same(loaded, memory);
  }
}

TEST_F(StoreTablesTest, ATableFileThatCannotBeReadIsRefused) {
  EventLoad load(bulk_, folder_ / "scratch", 1 << 10, 2);
  load.add(in_sources(random_events(300, 30)), 4);
  const StoreTables tables = load.tables();
  const std::filesystem::path path = tables.files[kOutgoing].front().path;
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(test::error_of([&] { take_in_tables(bulk_.impl(), tables); }), HasSubstr("table file"));
  EXPECT_NE(test::error_of([&] { bulk_.apply({.events = {buy(1, "a", "x", 5)}}); }), "no error");
  // As after a kill in between: begun anew.
  bulk_ = open("another");
  bulk_ = open("bulk");
  EXPECT_TRUE(entries_of(bulk_, kOutgoing).empty());
  EXPECT_TRUE(bulk_.impl().is_empty());
}

}  // namespace
}  // namespace weft::storage
