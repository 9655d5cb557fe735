// Against a store that the same events were written to in batches.
#include "storage/bulk/batch_runs.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/merge.h"
#include "tests/storage/bulk/event_load.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

class BatchRunsTest : public ::testing::Test {
 protected:
  BatchRunsTest()
      : empty_(open("empty")),
        store_(open("store")),
        events_(in_sources(random_events(1000, 7))),
        load_(empty_, folder_ / "scratch", 1 << 10, 2) {
    store_.apply(with_sources(events_));
    load_.add(events_, 3);
  }
  GraphStore open(const char* name) {
    return GraphStore::open(folder_ / name, small_schema(), {.sync = Sync::kNever});
  }
  template <typename Record>
  std::vector<Record> merged(const std::vector<Spool>& runs) {
    std::vector<Record> out;
    auto all = merge_runs<RecordCursor<Record>>(runs, real_files(), 1 << 10);
    while (all.next()) out.push_back(all.top().key());
    return out;
  }
  bool is_attribute(std::size_t type) const { return store_.schema().attribute[type] != 0; }

  test::TempFolder folder_{test::in_memory()};
  GraphStore empty_, store_;
  std::vector<graph::Event> events_;
  EventLoad load_;
};

TEST_F(BatchRunsTest, EdgesOfBothDirectionsAsTheStoreHasThem) {
  for (const Family family : {kOutgoing, kIncoming}) {
    std::vector<EdgeRecord> wanted, found;
    PrefixScan scan(store_.impl(), family, "");
    for (; scan.valid(); scan.next()) {
      const EdgeKey key = decode_edge_key(scan.key()).value();
      if (!is_attribute(key.type))
        wanted.push_back(EdgeRecord::of(key, decode_edge_value(scan.value()).value()));
    }
    for (std::size_t type = 0; type < load_.runs.edges().size(); ++type) {
      EdgeRuns& runs = load_.runs.edges()[type];
      EXPECT_EQ(runs.count, is_attribute(type) ? 0 : store_.info().edge_counts[type]);
      const auto part = merged<EdgeRecord>(family == kOutgoing ? runs.outgoing : runs.incoming);
      found.insert(found.end(), part.begin(), part.end());
    }
    EXPECT_GT(wanted.size(), 200U);
    EXPECT_TRUE(found == wanted);
  }
}

TEST_F(BatchRunsTest, NodesInTheOrderOfTheirIdsWithTheirFirstSeenTimes) {
  for (graph::NodeTypeId type = 0; type < load_.runs.nodes().size(); ++type) {
    NodeRuns& runs = load_.runs.nodes()[type];
    std::map<graph::NodeId, graph::TimeMs> later;
    for (const SeenRecord& seen : merged<SeenRecord>(runs.seen)) {
      const auto [at, added] = later.emplace(seen.node, seen.earliest);
      if (!added) at->second = earlier(at->second, seen.earliest);
    }
    graph::NodeId node = 0;
    for (const Spool& run : runs.made) {
      for (IdCursor cursor(run, real_files(), 64); cursor.advance(); ++node) {
        const IdValue& value = cursor.value();
        ASSERT_EQ(value.node, node);
        const bool of_event = store_.schema().from_event[type] != 0;
        EXPECT_EQ(of_event ? to_hex(value.event) : std::string(cursor.key()),
                  store_.external_id({type, node}));
        EXPECT_EQ(of_event, cursor.key().empty());
        const auto found = later.find(node);
        EXPECT_EQ(found == later.end() ? value.first_seen : earlier(value.first_seen, found->second),
                  store_.first_seen({type, node}));
      }
    }
    EXPECT_EQ(node, store_.info().node_counts[type]);
  }
}

TEST_F(BatchRunsTest, TheLastValueOfEachFieldIsTheStores) {
  std::map<std::string, std::string> wanted, found;
  for (PrefixScan scan(store_.impl(), kFields, ""); scan.valid(); scan.next())
    wanted.emplace(scan.key(), scan.value());
  for (const Spool& run : load_.runs.fields()) {
    std::uint64_t before = 0;
    for (FieldCursor cursor(run, real_files(), 64); cursor.advance(); before = cursor.key()) {
      ASSERT_LT(before, cursor.key() + 1);
      std::string key;
      put_big(key, cursor.key());
      found[key] = cursor.value();
    }
  }
  EXPECT_GT(wanted.size(), 60U);
  EXPECT_EQ(found, wanted);
}

TEST_F(BatchRunsTest, TheLastEventOfANodeSaysItsAttributes) {
  std::map<graph::NodeId, std::pair<std::uint64_t, std::set<graph::NodeId>>> last;  // sequence, targets
  for (const AttributeRecord& record : merged<AttributeRecord>(load_.runs.edges()[kItemTag].attributes)) {
    auto& [sequence, targets] = last[record.from];
    ASSERT_LE(sequence, record.sequence);
    if (sequence != record.sequence) targets.clear();
    sequence = record.sequence;
    targets.insert(record.to);
  }
  std::map<graph::NodeId, std::set<graph::NodeId>> wanted;
  PrefixScan scan(store_.impl(), kOutgoing, "");
  for (; scan.valid(); scan.next()) {
    const EdgeKey key = decode_edge_key(scan.key()).value();
    if (is_attribute(key.type)) wanted[key.node].insert(key.other);
  }
  EXPECT_GT(wanted.size(), 20U);
  ASSERT_EQ(last.size(), wanted.size());
  for (const auto& [from, entry] : last) EXPECT_EQ(entry.second, wanted[from]);
}

TEST_F(BatchRunsTest, DeletionsAsSeenFromBothEnds) {
  GraphStore store = open("deleting");
  EventLoad load(store, folder_ / "other", 1 << 10, 2);
  const auto deletion = [](graph::EventId id, const char* user, const char* item, graph::TimeMs time,
                           bool at) {
    graph::Event out = buy(id, user, item, time);
    out.edges[0].deletes = true;
    out.edges[0].at_time_only = at;
    return out;
  };
  // Nodes by first appearance: users a, b; items x, y.
  load.add(std::vector<graph::Event>{buy(1, "a", "x", 5), deletion(2, "b", "x", 9, false),
                                     deletion(3, "a", "y", 7, true), deletion(3, "a", "y", 7, true)},
           1);
  const std::vector<DeletionRecord> outgoing = {{0, 1, 1, 7}, {0, 1, 1, 7}, {1, 0, 0, 9}},
                                    incoming = {{0, 1, 0, 9}, {1, 0, 1, 7}, {1, 0, 1, 7}};
  EXPECT_EQ(merged<DeletionRecord>(load.runs.edges()[kBuys].outgoing_deletions), outgoing);
  EXPECT_EQ(merged<DeletionRecord>(load.runs.edges()[kBuys].incoming_deletions), incoming);
  EXPECT_EQ(load.runs.deletions(), 3U);
  EXPECT_EQ(load.runs.edges()[kBuys].count, 1U);
}

}  // namespace
}  // namespace weft::storage
