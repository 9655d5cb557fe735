#include "storage/bulk/stored_side.h"

#include <gtest/gtest.h>
#include <rocksdb/table.h>

#include "tests/storage/bulk/event_chunks.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

std::size_t cache_capacity(const GraphStore& store) {
  const auto options = store.impl().db->GetOptions(store.impl().family(kIds));
  return options.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>()->block_cache->GetCapacity();
}

TEST(SmallCache, IsSmallForAsLongAsItIsLentAndNeverLarger) {
  test::TempFolder folder(test::in_memory());
  const std::size_t whole = std::size_t{64} << 20;
  const GraphStore store = GraphStore::open(folder / "store", small_schema(), {.block_cache_bytes = whole});
  ASSERT_EQ(cache_capacity(store), whole);
  {
    const SmallCache cache(store.impl(), std::size_t{8} << 20);
    EXPECT_EQ(cache_capacity(store), std::size_t{8} << 20);
  }
  EXPECT_EQ(cache_capacity(store), whole);
  {
    const SmallCache cache(store.impl(), 1);  // some is needed for look-ups
    EXPECT_GT(cache_capacity(store), std::size_t{1} << 20);
    EXPECT_LT(cache_capacity(store), std::size_t{16} << 20);
  }
  {
    const SmallCache cache(store.impl(), std::size_t{1} << 40);
    EXPECT_EQ(cache_capacity(store), whole);
  }
  EXPECT_EQ(cache_capacity(store), whole);
}

TEST(StoredSide, KnowsWhatTheStoreHasInMemoryTooAndGivesTheCacheBack) {
  test::TempFolder folder(test::in_memory());
  GraphStore store = GraphStore::open(folder / "store", small_schema(), {.sync = Sync::kNever});
  const std::vector<graph::Event> events = random_events(200, 8);
  store.apply({.events = events});  // in the store's memory, not in table files
  const std::size_t before = cache_capacity(store);
  {
    Scratch scratch(folder / "scratch", real_files());
    ThreadPool pool(2);
    const StoredSide side(store.impl(), scratch, pool, std::size_t{1} << 20);
    EXPECT_LT(cache_capacity(store), before);
    struct Wanted {
      Hash128 hash = {};
    };
    const std::string known = store.external_id({kItem, 5}).value();
    const std::vector<Wanted> wanted = {{name_hash(kItem, known)}};
    std::optional<graph::NodeId> found;
    side.names().find(std::span<const Wanted>(wanted),
                      [&](std::size_t, const StoreName& name) { found = name.node; });
    EXPECT_EQ(found, 5U);
    std::vector<Chunk> chunks = {chunk_of(store.schema(), events)};
    chunks[0].dropped.assign(events.size(), 0);
    side.events().drop(chunks);
    for (std::size_t i = 0; i < events.size(); ++i)
      EXPECT_EQ(chunks[0].dropped[i] != 0, has_own_edge(store.schema(), events[i]));
  }
  EXPECT_EQ(cache_capacity(store), before);
}

}  // namespace
}  // namespace weft::storage
