// Against the ids of the events that went into the store.
#include "storage/bulk/stored_events.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/storage/bulk/deletion_events.h"
#include "tests/storage/bulk/event_load.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

class StoredEventsTest : public ::testing::Test {
 protected:
  StoredEventsTest() : store_(GraphStore::open(folder_ / "store", small_schema(), {.sync = Sync::kNever})) {}

  // Events of the load that the store has are dropped, those and no others.
  void expect_dropped(const std::vector<graph::Event>& stored, const std::vector<graph::Event>& load) {
    store_.apply(with_sources(stored));
    ASSERT_TRUE(store_.impl().db->Flush(rocksdb::FlushOptions(), store_.impl().handles).ok());
    Scratch scratch(folder_ / "scratch", real_files());
    ThreadPool pool(2);
    const StoreNames names(store_.impl(), scratch, pool, 1 << 10);
    const StoredEvents events(store_.impl(), names, pool);
    std::vector<Chunk> chunks = chunks_of(store_.schema(), load);
    std::set<graph::EventId> known;
    for (const graph::Event& event : stored) known.insert(event.id);
    // One that is dropped already stays so and is not counted.
    for (Chunk& chunk : chunks) chunk.dropped.assign(chunk.ids.size(), 0);
    chunks[1].dropped[0] = 1;
    mark_unused_names(chunks[1]);
    std::uint64_t wanted = 0;
    const std::uint64_t found = events.drop(chunks);
    for (std::size_t i = 0; i < load.size(); ++i) {
      const bool before = i == kEventsInChunk;
      const bool drops = has_own_edge(store_.schema(), load[i]) && known.contains(load[i].id);
      EXPECT_EQ(chunks[i / kEventsInChunk].dropped[i % kEventsInChunk] != 0, drops || before) << i;
      wanted += drops && !before ? 1 : 0;
    }
    EXPECT_EQ(found, wanted);
    EXPECT_GT(wanted, 50U);
    EXPECT_LT(wanted, load.size() * 9 / 10);
    for (Chunk& chunk : chunks) {
      Chunk again = chunk;
      mark_unused_names(again);
      EXPECT_EQ(chunk.unused, again.unused);
    }
  }

  test::TempFolder folder_{test::in_memory()};
  GraphStore store_;
};

TEST_F(StoredEventsTest, ThoseThatTheStoreHas) {
  const std::vector<graph::Event> events = in_sources(random_events(600, 9));
  std::vector<graph::Event> load(events.begin() + 200, events.end());
  expect_dropped({events.begin(), events.begin() + 400}, load);
}

TEST_F(StoredEventsTest, ThoseThatWereDeletedToo) {
  const std::vector<graph::Event> stored = buys_and_deletions(300, 10, 3);
  std::vector<graph::Event> load = buys_and_deletions(150, 11, 3);
  load.insert(load.end(), stored.begin(), stored.end());
  expect_dropped(stored, load);
  EXPECT_GT(store_.info().deleted_edges[kBuys], 30U);
}

}  // namespace
}  // namespace weft::storage
