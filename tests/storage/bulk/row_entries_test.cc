// Ledger and quarantine of a bulk load against those of a batch that says the same.
#include "storage/bulk/row_entries.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "storage/bulk/store_tables.h"
#include "storage/row_seal.h"
#include "tests/storage/bulk/store_entries.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

QuarantinedRow bad_row(std::uint16_t source, std::uint64_t offset, const std::string& reason) {
  return {.source = source, .offset = offset, .line = offset / 10 + 1, .reason = reason, .excerpt = "..."};
}

LedgerEntry entry(std::uint16_t source, std::uint64_t bytes) {
  return {.source = source, .name = fmt::format("s{}.csv", source), .bytes = bytes, .rows = bytes / 10};
}

class RowEntriesTest : public ::testing::Test {
 protected:
  RowEntriesTest() : bulk_(open("bulk")), batches_(open("batches")) {}
  GraphStore open(const char* name) {
    return GraphStore::open(folder_ / name, small_schema(), {.sync = Sync::kNever});
  }

  // Into one store by tables, into the other by apply().
  void expect_same(const EventBatch& batch) {
    {
      Scratch scratch(folder_ / "scratch", real_files());
      RowEntries entries(bulk_.impl(), scratch);
      // Source after source; a row that is whole now comes before the others. An empty store gives sources
      // their positions as they are read, one that holds data has given them before.
      std::vector<std::uint16_t> sources = {0, 1, 2};
      if (!bulk_.impl().is_empty()) sources = {2, 0, 1};
      for (const std::uint16_t source : sources) {
        for (const auto& [of, offset] : batch.released) {
          if (of == source) entries.release(of, offset);
        }
        for (const QuarantinedRow& row : batch.quarantined) {
          if (row.source == source) entries.quarantine(row);
        }
      }
      const RowEntries::Tables tables = entries.finish(batch.ledger);
      StoreTables all;
      all.files[kLedger] = tables.ledger;
      all.files[kQuarantine] = tables.quarantine;
      TableFiles meta(scratch, bulk_.impl(), kMeta);
      meta.put(kSealKey, encode_seal(tables.seal));
      StoreState state = bulk_.impl().state;
      state.sequence += batch.events.size();
      meta.put("state", encode_state(state));
      all.files[kMeta] = meta.finish();
      take_in_tables(bulk_.impl(), all);
      EXPECT_EQ(tables.seal, scan_seal(bulk_.impl()));
    }
    batches_.apply(batch);
    for (const Family family : {kLedger, kQuarantine})
      expect_same_entries(entries_of(bulk_, family), entries_of(batches_, family));
    EXPECT_EQ(read_seal(bulk_.impl()), read_seal(batches_.impl()));
  }

  test::TempFolder folder_{test::in_memory()};
  GraphStore bulk_, batches_;
};

TEST_F(RowEntriesTest, OfAnEmptyStoreAndThenOfOneThatHoldsThem) {
  EventBatch first;
  first.events = {buy(1, "a", "x", 5)};  // apply() alone: the tables of the test have no events
  first.ledger = {entry(2, 100), entry(0, 70), entry(1, 0)};
  first.quarantined = {bad_row(0, 10, "invalid JSON"), bad_row(0, 60, "cut short"), bad_row(2, 0, "no id")};
  expect_same(first);
  ASSERT_EQ(entries_of(bulk_, kQuarantine).size(), 3U);
  ASSERT_FALSE(bulk_.impl().is_empty());

  EventBatch grown;
  grown.ledger = {entry(0, 170), entry(2, 130)};
  grown.released = {{0, 60}};                                      // whole now
  grown.quarantined = {bad_row(0, 90, "no id"),                    // new
                       bad_row(2, 0, "the same row, said anew")};  // takes the place of an entry
  expect_same(grown);
  EXPECT_EQ(entries_of(bulk_, kQuarantine).size(), 3U);

  EventBatch nothing;
  nothing.ledger = {entry(1, 10)};
  nothing.released = {{1, 5}};  // was never there
  expect_same(nothing);
}

}  // namespace
}  // namespace weft::storage
