#include "storage/bulk/stored_deletions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/merge.h"
#include "tests/storage/bulk/deletion_events.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

class StoredDeletionsTest : public ::testing::Test {
 protected:
  StoredDeletionsTest()
      : store_(GraphStore::open(folder_ / "store", small_schema(), {.sync = Sync::kNever})),
        scratch_(folder_ / "scratch", real_files()) {}

  std::vector<DeletionRecord> read(graph::EdgeTypeId type, Family family, std::size_t memory) {
    const std::vector<Spool> runs = stored_deletions(store_.impl(), type, family, scratch_, memory);
    several_ = runs.size() > 1;
    std::vector<DeletionRecord> out;
    auto merged = merge_runs<RecordCursor<DeletionRecord>>(runs, real_files(), 1 << 10);
    while (merged.next()) out.push_back(merged.top().key());
    return out;
  }

  test::TempFolder folder_{test::in_memory()};
  GraphStore store_;
  Scratch scratch_;
  bool several_ = false;
};

TEST_F(StoredDeletionsTest, TheLatestOfEachPairAndEachTimeAloneSeenFromEitherEnd) {
  const std::vector<graph::Event> events = buys_and_deletions(500, 1, 6);
  store_.apply({.events = events});
  std::map<std::pair<graph::NodeId, graph::NodeId>, graph::TimeMs> until;
  std::set<std::tuple<graph::NodeId, graph::NodeId, graph::TimeMs>> at;
  for (const graph::Event& event : events) {
    const graph::EdgeEvent& edge = event.edges[0];
    if (!edge.deletes) continue;
    const graph::NodeId from = store_.find_node(kUser, edge.from).value(),
                        to = store_.find_node(kItem, edge.to).value();
    if (edge.at_time_only) {
      at.insert({from, to, edge.time});
    } else {
      graph::TimeMs& latest = until.emplace(std::pair(from, to), edge.time).first->second;
      latest = std::max(latest, edge.time);
    }
  }
  std::vector<DeletionRecord> outgoing, incoming;
  for (const auto& [pair, time] : until) {
    outgoing.push_back({pair.first, pair.second, 0, time});
    incoming.push_back({pair.second, pair.first, 0, time});
  }
  for (const auto& [from, to, time] : at) {
    outgoing.push_back({from, to, 1, time});
    incoming.push_back({to, from, 1, time});
  }
  std::sort(outgoing.begin(), outgoing.end());
  std::sort(incoming.begin(), incoming.end());
  ASSERT_GT(outgoing.size(), 150U);
  for (const std::size_t memory : {std::size_t{1} << 20, std::size_t{1}}) {
    EXPECT_EQ(read(kBuys, kOutgoing, memory), outgoing);
    EXPECT_EQ(several_, memory == 1);
    EXPECT_EQ(read(kBuys, kIncoming, memory), incoming);
    EXPECT_TRUE(read(kAbout, kOutgoing, memory).empty());
  }
}

TEST_F(StoredDeletionsTest, DamageIsAnError) {
  store_.apply({.events = {delete_buy(1, "a", "x", 5, false)}});
  GraphStore::Impl& impl = store_.impl();
  ASSERT_TRUE(
      impl.db->Put(rocksdb::WriteOptions(), impl.family(kMeta), deletion_key({kBuys, 0, 0}), "short").ok());
  const std::string error = test::error_of([&] { read(kBuys, kOutgoing, 1 << 10); });
  EXPECT_NE(error.find("a deletion of the store is damaged"), std::string::npos) << error;
}

}  // namespace
}  // namespace weft::storage
