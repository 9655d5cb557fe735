#include "storage/newest_times.h"

#include <gtest/gtest.h>

#include <vector>

#include "storage/store_impl.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

NewestTimes newest_of(const GraphStore& store) {
  NewestTimes out;
  PrefixScan scan(store.impl(), kOutgoing, "");
  for (; scan.valid(); scan.next()) {
    const auto edge = decode_edge_key(scan.key());
    add_time(out, edge->type, edge->time);
  }
  return out;
}

TEST(NewestTimes, CoverAllEdgesThroughFlushesAndReopening) {
  const test::TempFolder folder;
  const auto events = random_events(3000, 41);
  for (std::size_t at = 0; at < events.size();) {
    GraphStore store = GraphStore::open(folder / "store", small_schema(),
                                        {.sync = Sync::kNever, .write_buffer_bytes = std::size_t{64} << 10});
    ASSERT_TRUE(store.impl().newest.has_value());
    for (int i = 0; i < 3 && at < events.size(); ++i) {
      EventBatch batch;
      for (int count = 0; count < 200 && at < events.size(); ++count) batch.events.push_back(events[at++]);
      store.apply(batch);
    }
    for (const auto& [type, time] : newest_of(store)) {
      ASSERT_TRUE(store.impl().newest->contains(type));
      EXPECT_GE(store.impl().newest->at(type), time);
      EXPECT_TRUE(may_hold(store.impl().newest, type, time));
    }
  }
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  const ApplyResult again = store.apply({.events = events});
  EXPECT_EQ(again.new_edges[kBuys] + again.new_edges[kFriend] + again.new_edges[kAbout], 0U);
}

TEST(NewestTimes, WhatIsNewerThanAllIsSurelyNew) {
  EXPECT_TRUE(may_hold(std::nullopt, 0, 5));
  const NewestTimes newest = {{0, 5}, {2, graph::kNoTime}};
  EXPECT_TRUE(may_hold(newest, 0, 5));
  EXPECT_FALSE(may_hold(newest, 0, 6));
  EXPECT_FALSE(may_hold(newest, 1, 0)) << "a type without edges";
  EXPECT_TRUE(may_hold(newest, 2, graph::kNoTime)) << "an untimed type";
}

// A file as an older weft writes them: nothing is known, repeats are found all the same.
TEST(NewestTimes, AFileWithoutThePropertyMakesNoClaim) {
  const test::TempFolder folder;
  { GraphStore::open(folder / "store", small_schema()).apply({.events = {buy(1, "u", "i", 5)}}); }
  {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (std::size_t i = 0; i < kFamilyCount; ++i) {
      families.emplace_back(kFamilyNames[i], family_options(static_cast<Family>(i), {}, block_cache({})));
      families.back().options.table_properties_collector_factories.clear();
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(
        rocksdb::DB::Open(database_options({}), (folder / "store" / "db").string(), families, &handles, &db)
            .ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      EXPECT_TRUE(db->Flush({}, handle).ok());
      EXPECT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
    }
    delete db;
  }
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  EXPECT_FALSE(store.impl().newest.has_value());
  EXPECT_EQ(store.apply({.events = {buy(1, "u", "i", 5), buy(2, "u", "i", 6)}}).duplicate_events, 1U);
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  ASSERT_TRUE(store.impl().db->CompactRange(all, store.impl().family(kOutgoing), nullptr, nullptr).ok());
  EXPECT_TRUE(newest_times(*store.impl().db, store.impl().family(kOutgoing)).has_value());
}

}  // namespace
}  // namespace weft::storage
