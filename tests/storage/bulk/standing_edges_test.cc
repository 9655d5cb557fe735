// Deletions and edges merged in bulk against the same in batches of the store.
#include "storage/bulk/standing_edges.h"

#include <gtest/gtest.h>

#include "storage/bulk/store_tables.h"
#include "storage/bulk/stored_deletions.h"
#include "tests/storage/bulk/deletion_events.h"
#include "tests/storage/bulk/store_entries.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

constexpr std::uint16_t kSource = 2;

class StandingEdgesTest : public ::testing::Test {
 protected:
  StandingEdgesTest() : bulk_(open("bulk")), batches_(open("batches")) {}
  GraphStore open(const char* name) {
    return GraphStore::open(folder_ / name, small_schema(), {.sync = Sync::kNever});
  }

  template <typename Record>
  Spool run_of(Scratch& scratch, std::vector<Record> records) {
    std::sort(records.begin(), records.end());
    SpoolWriter out(scratch, "run", Keep::kInMemory);
    for (const Record& record : records) out.put(record);
    return out.finish();
  }

  // The events' edges and deletions, whose nodes the store has, as runs of so many events.
  struct Runs {
    std::vector<Spool> edges = {}, deletions = {};
  };
  Runs runs_of(Scratch& scratch, std::span<const graph::Event> events, Family family, std::size_t step) {
    Runs out;
    for (std::size_t at = 0; at < events.size(); at += step) {
      std::vector<EdgeRecord> edges;
      std::vector<DeletionRecord> deletions;
      for (const graph::Event& event : events.subspan(at, std::min(step, events.size() - at))) {
        const graph::EdgeEvent& edge = event.edges[0];
        const graph::NodeId from = bulk_.find_node(kUser, edge.from).value(),
                            to = bulk_.find_node(kItem, edge.to).value();
        const EdgeKey key{kBuys, from, edge.time, to, event.id};
        const EdgeKey seen = family == kOutgoing ? key : key.reversed();
        if (edge.deletes) {
          deletions.push_back({seen.node, seen.other, edge.at_time_only ? 1U : 0U, edge.time});
        } else {
          edges.push_back(EdgeRecord::of(seen, {kSource, static_cast<float>(edge.weight)}));
        }
      }
      out.edges.push_back(run_of(scratch, std::move(edges)));
      out.deletions.push_back(run_of(scratch, std::move(deletions)));
    }
    return out;
  }

  void merge_in(std::span<const graph::Event> load, std::size_t memory) {
    Scratch scratch(folder_ / "scratch", real_files());
    SnapshotBeside no_snapshot(nullptr, bulk_.schema().graph, scratch, memory, 1);
    StoreTables tables;
    for (const Family family : {kOutgoing, kIncoming}) {
      const Runs runs = runs_of(scratch, load, family, memory < 100 ? 25 : 1000);
      const std::vector<Spool> stored = stored_deletions(bulk_.impl(), kBuys, family, scratch, memory);
      EdgesBeside beside = no_snapshot.edges(kBuys, family);
      StandingEdges standing(bulk_.impl(), kBuys, family, scratch);
      standing.merge(runs.edges, runs.deletions, stored, memory, beside);
      for (std::size_t i = 0; i < StandingEdges::kTables; ++i) {
        for (TableFile& file : standing.tables()[i].finish())
          tables.files[standing.tables()[i].family()].push_back(std::move(file));
      }
      if (family != kOutgoing) continue;
      new_deletions_ = standing.new_deletions();
      gone_ = standing.gone();
    }
    take_in_tables(bulk_.impl(), tables);
  }

  test::TempFolder folder_{test::in_memory()};
  GraphStore bulk_, batches_;
  std::uint64_t new_deletions_ = 0, gone_ = 0;
};

TEST_F(StandingEdgesTest, AsInBatchesWhateverStandsAndWhateverTheMemory) {
  std::uint64_t seed = 0;
  for (const std::uint64_t before : {0U, 2U}) {
    for (const std::uint64_t share : {1U, 6U, 10U}) {
      for (const std::size_t memory : {std::size_t{1} << 20, std::size_t{1}}) {
        SCOPED_TRACE(fmt::format("{} and {} of ten are deletions, memory {}", before, share, memory));
        std::vector<graph::Event> first = buys_and_deletions(150, ++seed, before),
                                  load = buys_and_deletions(200, ++seed, share);
        // All nodes are there already, as what is tested does not make them.
        for (int i = 0; i < 12; ++i)
          first.push_back(buy(1000 + static_cast<graph::EventId>(i), fmt::format("u{}", i),
                              fmt::format("i{}", i % 8), 70));
        for (graph::Event& event : load) event.source = kSource;
        bulk_ = open(fmt::format("bulk{}", seed).c_str());
        batches_ = open(fmt::format("batches{}", seed).c_str());
        bulk_.apply(with_sources(first));
        batches_.apply(with_sources(first));
        const DeletionCounts known = batches_.impl().deletions;
        merge_in(load, memory);
        batches_.apply(with_sources(load));
        for (const Family family : {kOutgoing, kIncoming})
          expect_same_entries(entries_of(bulk_, family), entries_of(batches_, family));
        for (const std::string_view prefix : {kDeletionPrefix, kDeletionAtPrefix, kDeletedPrefix})
          expect_same_entries(entries_of(bulk_, kMeta, prefix), entries_of(batches_, kMeta, prefix));
        EXPECT_EQ(new_deletions_, batches_.impl().deletions.deletions[kBuys] - known.deletions[kBuys]);
        EXPECT_EQ(gone_, batches_.impl().deletions.deleted[kBuys] - known.deleted[kBuys]);
        EXPECT_GT(gone_, 0U);
      }
    }
  }
}

TEST_F(StandingEdgesTest, RefusesToTakeAnEdgeWhoseRowMadeANode) {
  graph::Event review{.id = 77, .nodes = {{.type = kReview, .external_id = to_hex(std::uint64_t{77})}}};
  review.edges.push_back({.type = kAbout, .from = review.nodes[0].external_id, .to = "x", .time = 5});
  bulk_.apply({.events = {review}});
  Scratch scratch(folder_ / "scratch", real_files());
  SnapshotBeside no_snapshot(nullptr, bulk_.schema().graph, scratch, 1 << 10, 1);
  const auto merge = [&](graph::TimeMs until) {
    std::vector<Spool> deletions;
    deletions.push_back(run_of<DeletionRecord>(scratch, {{0, 0, 0, until}}));
    EdgesBeside beside = no_snapshot.edges(kAbout, kOutgoing);
    StandingEdges standing(bulk_.impl(), kAbout, kOutgoing, scratch);
    standing.merge({}, deletions, {}, 1 << 10, beside);
    return standing.gone();
  };
  EXPECT_EQ(merge(4), 0U);
  EXPECT_THROW(merge(5), TakesEventNodes);
}

}  // namespace
}  // namespace weft::storage
