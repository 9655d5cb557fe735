// Against the store's own batches, which drop repeats and number nodes event by event.
#include "storage/bulk/numbering.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/storage/bulk/event_load.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

constexpr std::size_t kMemories[] = {std::size_t{1} << 20, 1};

class NumberingTest : public ::testing::Test {
 protected:
  NumberingTest() : store_(GraphStore::open(folder_ / "store", small_schema(), {.sync = Sync::kNever})) {}

  // Numbers the events batch by batch. `seen`: ids of events before them, which grow.
  void number(Numbering& numbering, std::span<const graph::Event> events, std::set<graph::EventId>& seen,
              std::size_t batch_chunks) {
    const std::size_t step = batch_chunks * kEventsInChunk;
    for (std::size_t at = 0; at < events.size(); at += step) {
      const auto part = events.subspan(at, std::min(step, events.size() - at));
      std::vector<Chunk> chunks = chunks_of(store_.schema(), part);
      const std::uint64_t dropped = numbering.drop_repeats(chunks, Keep::kOnDisk);
      std::uint64_t repeats = 0;
      for (std::size_t i = 0; i < part.size(); ++i) {
        const bool repeated = has_own_edge(store_.schema(), part[i]) && !seen.insert(part[i].id).second;
        EXPECT_EQ(chunks[i / kEventsInChunk].dropped[i % kEventsInChunk] != 0, repeated);
        repeats += repeated ? 1 : 0;
      }
      EXPECT_EQ(dropped, repeats);
      check(chunks, numbering.number(chunks, store_.schema().graph.node_types(), Keep::kOnDisk));
    }
  }

  // Against the store, which has the events.
  void check(std::span<const Chunk> chunks, const Numbering::Batch& batch) {
    std::map<std::pair<graph::NodeTypeId, std::string>, std::size_t> first;
    std::size_t position = 0;
    for (std::size_t c = 0; c < chunks.size(); ++c) {
      const Chunk& chunk = chunks[c];
      EXPECT_EQ(batch.chunk_begin[c], position);
      for (std::size_t i = 0; i < chunk.names.size(); ++i, ++position) {
        if (!chunk.is_used(i)) {
          EXPECT_EQ(chunk.nodes[i], graph::kNoNode);
          continue;
        }
        const graph::NodeTypeId type = chunk.names[i].type;
        if (chunk.names[i].of_event) {
          EXPECT_EQ(batch.first[position], position);
          EXPECT_EQ(batch.is_new[position], 1);
          numbered_.insert({type, chunk.nodes[i]});
          continue;
        }
        const std::string name(chunk.name(i));
        EXPECT_EQ(store_.find_node(type, name), chunk.nodes[i]) << name;
        const auto at = first.emplace(std::pair(type, name), position).first->second;
        EXPECT_EQ(batch.first[position], at);
        if (at != position) continue;
        EXPECT_EQ(batch.is_new[position] != 0, numbered_.insert({type, chunk.nodes[i]}).second) << name;
      }
    }
    EXPECT_EQ(batch.chunk_begin.back(), position);
  }

  test::TempFolder folder_{test::in_memory()};
  GraphStore store_;
  std::set<std::pair<graph::NodeTypeId, graph::NodeId>> numbered_;  // so far
};

TEST_F(NumberingTest, RepeatsAndIdsAsInBatchesOfTheStoreWhateverTheMemory) {
  const std::vector<graph::Event> events = in_sources(random_events(1500, 1));
  store_.apply(with_sources(events));
  for (const std::size_t memory : kMemories) {
    Scratch scratch(folder_ / "scratch", real_files());
    ThreadPool pool(2);
    Numbering numbering(scratch, pool, std::vector<std::uint32_t>(4, 0), nullptr, memory);
    std::set<graph::EventId> seen;
    numbered_.clear();
    number(numbering, events, seen, 2);
    EXPECT_LT(seen.size(), events.size());  // some were repeats
    EXPECT_EQ(numbering.node_counts(), store_.info().node_counts);
    EXPECT_EQ(numbered_.size(), [&] {
      std::size_t sum = 0;
      for (const std::uint32_t count : numbering.node_counts()) sum += count;
      return sum;
    }());
  }
}

TEST_F(NumberingTest, NodesOfTheStoreKeepTheirIdsAndTheirFirstSeenTimesAreTold) {
  const std::vector<graph::Event> events = in_sources(random_events(600, 2));
  const std::size_t half = 15 * kEventsInChunk;
  store_.apply(slice_of(events, 0, half));
  Scratch scratch(folder_ / "scratch", real_files());
  ThreadPool pool(2);
  const StoreNames stored(store_.impl(), scratch, pool, 1 << 10);
  std::map<std::pair<graph::NodeTypeId, graph::NodeId>, graph::TimeMs> known;
  const std::vector<std::uint32_t> counts = store_.info().node_counts;
  for (graph::NodeTypeId type = 0; type < counts.size(); ++type) {
    for (graph::NodeId node = 0; node < counts[type]; ++node)
      known[{type, node}] = store_.first_seen({type, node});
  }
  std::vector<Chunk> chunks = chunks_of(store_.schema(), std::span(events).subspan(half));
  Numbering numbering(scratch, pool, counts, &stored, 1 << 20);
  numbering.drop_repeats(chunks, Keep::kInMemory);
  const auto batch = numbering.number(chunks, store_.schema().graph.node_types(), Keep::kInMemory);
  std::size_t position = 0, of_the_store = 0;
  for (const Chunk& chunk : chunks) {
    for (std::size_t i = 0; i < chunk.names.size(); ++i, ++position) {
      if (!chunk.is_used(i) || batch.first[position] != position) continue;
      const auto found = known.find({chunk.names[i].type, chunk.nodes[i]});
      EXPECT_EQ(batch.is_new[position] == 0, found != known.end());
      EXPECT_EQ(batch.stored_seen[position], found == known.end() ? graph::kNoTime : found->second);
      if (found == known.end()) continue;
      EXPECT_EQ(store_.find_node(chunk.names[i].type, chunk.name(i)), chunk.nodes[i]);
      ++of_the_store;
    }
  }
  EXPECT_GT(of_the_store, 50U);
}

TEST_F(NumberingTest, FailsPastTheLastId) {
  Scratch scratch(folder_ / "scratch", real_files());
  ThreadPool pool(1);
  Numbering numbering(scratch, pool, {graph::kNoNode - 2, 0, 0, 0}, nullptr, 1 << 20);
  const std::vector<graph::Event> one = {buy(1, "a", "x", 5)}, another = {buy(2, "b", "x", 5)};
  std::vector<Chunk> chunks = {chunk_of(store_.schema(), one)};
  numbering.drop_repeats(chunks, Keep::kInMemory);
  numbering.number(chunks, store_.schema().graph.node_types(), Keep::kInMemory);
  EXPECT_EQ(chunks[0].nodes[0], graph::kNoNode - 2);
  chunks = {chunk_of(store_.schema(), another)};
  numbering.drop_repeats(chunks, Keep::kInMemory);
  EXPECT_THROW(numbering.number(chunks, store_.schema().graph.node_types(), Keep::kInMemory), Error);
}

}  // namespace
}  // namespace weft::storage
