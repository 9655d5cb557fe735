#include "storage/verify.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <limits>
#include <thread>

#include "storage/change_log.h"
#include "storage/store_impl.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Each test breaks one promise behind valid checksums.
class Verify : public ::testing::Test {
 protected:
  Verify() : store_(GraphStore::open(folder_ / "store", small_schema())) {
    store_.apply({.events = random_events(200, 5),
                  .ledger = {{.source = 0, .name = "a.csv", .bytes = 900, .rows = 20},
                             {.source = 1, .name = "b.csv", .bytes = 900, .rows = 20},
                             {.source = 2, .name = "c.csv"}},
                  .quarantined = {{.source = 1, .offset = 5, .line = 2, .reason = "r"}}});
    EXPECT_THAT(verify_store(store_).problems, ElementsAre());
  }
  rocksdb::DB& db() { return *store_.impl().db; }
  rocksdb::ColumnFamilyHandle* family(Family which) { return store_.impl().family(which); }
  void put(Family which, std::string_view key, std::string_view value) {
    ASSERT_TRUE(db().Put({}, family(which), slice(key), slice(value)).ok());
  }
  void erase(Family which, std::string_view key) {
    ASSERT_TRUE(db().Delete({}, family(which), slice(key)).ok());
  }
  // The first edge of a type, as outgoing.
  std::pair<std::string, std::string> first(Family which, graph::EdgeTypeId type) {
    std::string prefix;
    put_big(prefix, type);
    const PrefixScan scan(store_.impl(), which, prefix);
    return {std::string(scan.key()), std::string(scan.value())};
  }
  void expect_problem(const std::string& part) {
    const VerifyReport report = verify_store(store_);
    EXPECT_FALSE(report.ok());
    EXPECT_THAT(report.problems, Contains(HasSubstr(part)));
  }

  test::TempFolder folder_;
  GraphStore store_;
};

TEST_F(Verify, CountsWhatItLookedAt) {
  const VerifyReport report = verify_store(store_);
  std::uint64_t nodes = 0, edges = 0;
  for (const std::uint32_t count : store_.info().node_counts) nodes += count;
  for (const std::uint64_t count : store_.info().edge_counts) edges += count;
  EXPECT_EQ(report.nodes, nodes);
  EXPECT_EQ(report.edges, edges);
  EXPECT_EQ(report.ledger_entries, 3U);
  EXPECT_EQ(report.quarantined, 1U);
}

TEST_F(Verify, AnEdgeWithoutItsIncomingEntry) {
  erase(kIncoming, first(kIncoming, kBuys).first);
  expect_problem("the incoming entry is missing");
}

TEST_F(Verify, AnEdgeWithoutItsOutgoingEntry) {
  erase(kOutgoing, first(kOutgoing, kBuys).first);
  expect_problem("the outgoing entry is missing");
  expect_problem("are counted");
}

TEST_F(Verify, ValuesOfBothDirectionsDiffer) {
  put(kOutgoing, first(kOutgoing, kBuys).first, std::string("\x07\x00\x00\x00\x80\x3F", 6));
  expect_problem("weight or source differ");
}

TEST_F(Verify, AnEdgeWithAnEndThatIsNotThere) {
  const EdgeKey key{.type = kFriend, .node = 0, .time = graph::kNoTime, .other = 4000, .event = 3};
  const auto bytes = encode_edge_key(key);
  const auto reversed = encode_edge_key(key.reversed());
  const auto value = encode_edge_value({});
  put(kOutgoing, {bytes.data(), bytes.size()}, {value.data(), value.size()});
  put(kIncoming, {reversed.data(), reversed.size()}, {value.data(), value.size()});
  expect_problem("an end that is not there");
}

TEST_F(Verify, ATimeInAnUntimedType) {
  const auto bytes = encode_edge_key({.type = kFriend, .node = 0, .time = 5, .other = 1, .event = 3});
  const auto value = encode_edge_value({});
  put(kOutgoing, {bytes.data(), bytes.size()}, {value.data(), value.size()});
  expect_problem("has a time in an untimed type");
}

TEST_F(Verify, UnreadableEdges) {
  put(kOutgoing, first(kOutgoing, kBuys).first, "x");
  expect_problem("an entry that cannot be read");
}

TEST_F(Verify, AnEdgeOfAnUnknownType) {
  const auto bytes = encode_edge_key({.type = 77});
  put(kOutgoing, {bytes.data(), bytes.size()}, "123456");
  expect_problem("an outgoing edge of a type that the schema does not have");
}

TEST_F(Verify, ANodeFirstSeenAfterAnEdge) {
  const EdgeKey out = *decode_edge_key(first(kOutgoing, kBuys).first);
  const std::string user = *store_.external_id({kUser, out.node});
  put(kIds, id_key(kUser, user), encode_id_value({.node = out.node, .first_seen = out.time + 1}));
  expect_problem(fmt::format("user '{}' is first seen 1970-01-01T00:00:00.{:03}Z, but has a buys edge", user,
                             out.time + 1));
  const EdgeKey in = *decode_edge_key(first(kIncoming, kBuys).first);
  const std::string item = *store_.external_id({kItem, in.node});
  put(kIds, id_key(kItem, item), encode_id_value({.node = in.node}));
  expect_problem(fmt::format("item '{}' is first seen at no time, but has a buys edge", item));
}

TEST_F(Verify, NamesAndIdsDisagree) {
  put(kNames, node_key({kUser, 0}), "somebody else");
  expect_problem("user #0 is called 'somebody else'");
}

TEST_F(Verify, AMissingName) {
  erase(kNames, node_key({kItem, 1}));
  expect_problem("names: item #1 has no name");
}

TEST_F(Verify, AHoleInTheDictionary) {
  const std::string name = *store_.external_id({kItem, 2});
  erase(kIds, id_key(kItem, name));
  expect_problem(fmt::format("no name has id item '{}'", name));
}

TEST_F(Verify, TwoNamesOfOneId) {
  put(kIds, id_key(kItem, "another"), encode_id_value({.node = 2}));
  expect_problem("two names have id item #2");
}

TEST_F(Verify, AnIdPastTheCount) {
  put(kIds, id_key(kItem, "another"), encode_id_value({.node = 5000}));
  expect_problem("has id 5000");
}

// Thousands of millions of nodes that are not there are one problem, not as many.
TEST_F(Verify, ACountFarPastAllNodes) {
  StoreState state = store_.impl().state;
  const std::uint32_t nodes = state.node_counts[kItem];
  state.node_counts[kItem] = graph::kNoNode - 1;
  put(kMeta, "state", encode_state(state));
  store_.impl().load_state();
  expect_problem(fmt::format("names: {} nodes of type item are counted, but none from #{} on has a name",
                             graph::kNoNode - 1, nodes));
  EXPECT_EQ(verify_store(store_).problem_count, 1U);
}

TEST_F(Verify, AReviewWithoutItsEvent) {
  put(kIds, id_key(kReview, *store_.external_id({kReview, 0})), encode_id_value({.node = 0}));
  expect_problem("lacks the event that made it");
  put(kIds, id_key(kReview, *store_.external_id({kReview, 0})), encode_id_value({.node = 0, .event = 7}));
  expect_problem("says that event 0000000000000007 made it");
}

TEST_F(Verify, AForgottenNodeThatIsStillThere) {
  const EdgeKey edge = *decode_edge_key(first(kOutgoing, kBuys).first);
  const std::string user = *store_.external_id({kUser, edge.node});
  put(kFields, field_key({kUser, edge.node}, 0), encode_field_value(3.0));
  put(kNames, node_key({kUser, edge.node}), "");
  expect_problem(fmt::format("names: user #{} is forgotten, but a name has its id", edge.node));
  erase(kIds, id_key(kUser, user));
  expect_problem("an end that is forgotten");
  expect_problem(fmt::format("fields: 'age' of user #{}, which is forgotten", edge.node));
}

TEST_F(Verify, HalfOfASymmetricPair) {
  std::string friends;
  put_big(friends, graph::EdgeTypeId{kFriend});
  EdgeKey edge;
  for (PrefixScan scan(store_.impl(), kOutgoing, friends); scan.valid() && edge.node == edge.other;
       scan.next())
    edge = *decode_edge_key(scan.key());
  ASSERT_NE(edge.node, edge.other);
  const auto out = encode_edge_key(edge), in = encode_edge_key(edge.reversed());
  erase(kOutgoing, {out.data(), out.size()});
  erase(kIncoming, {in.data(), in.size()});
  expect_problem("the edge back is missing");
}

TEST_F(Verify, WeightsOutOfPlace) {
  const auto at = encode_edge_key({.type = kAbout, .node = 0, .time = 4000, .other = 0, .event = 3});
  const auto back = encode_edge_key({.type = kAbout, .node = 0, .time = 4000, .other = 0, .event = 3});
  for (const float weight : {2.0F, -1.0F, std::numeric_limits<float>::infinity()}) {
    const auto value = encode_edge_value({.weight = weight});
    put(kOutgoing, {at.data(), at.size()}, {value.data(), value.size()});
    put(kIncoming, {back.data(), back.size()}, {value.data(), value.size()});
    expect_problem("its weight is ");
  }
}

TEST_F(Verify, AnEdgeOfAnUnknownSource) {
  const auto value = encode_edge_value({.source = 3});
  put(kOutgoing, first(kOutgoing, kBuys).first, {value.data(), value.size()});
  expect_problem("is of source 3, which the ledger does not know");
}

TEST_F(Verify, AnEdgeWithoutAnEvent) {
  const auto key = encode_edge_key({.type = kItemTag, .node = 0, .other = 0, .event = 0});
  const auto value = encode_edge_value({});
  put(kOutgoing, {key.data(), key.size()}, {value.data(), value.size()});
  expect_problem("has no event");
}

// Small parts are several readings of the dictionary with the same findings.
TEST_F(Verify, PartsOfTheNodesFindTheSame) {
  put(kNames, node_key({kUser, 3}), "somebody else");
  put(kIds, id_key(kItem, "another"), encode_id_value({.node = 5000}));
  put(kIds, id_key(kItem, "third"), encode_id_value({.node = 2}));
  const EdgeKey edge = *decode_edge_key(first(kOutgoing, kBuys).first);
  put(kIds, id_key(kUser, *store_.external_id({kUser, edge.node})),
      encode_id_value({.node = edge.node, .first_seen = 5000}));
  const VerifyReport whole = verify_store(store_);
  EXPECT_GE(whole.problem_count, 4U);
  for (const std::uint32_t part : {1U, 3U, 10U}) {
    const VerifyReport parts = verify_store(store_, no_progress(), {.part_nodes = part});
    EXPECT_EQ(parts.nodes, whole.nodes);
    EXPECT_THAT(parts.problems, ::testing::UnorderedElementsAreArray(whole.problems));
  }
}

TEST_F(Verify, FieldsOfTheWrongKindOrPlace) {
  put(kFields, field_key({kUser, 0}, 0), encode_field_value(std::string("text")));
  expect_problem("is not of kind number");
  put(kFields, field_key({kUser, 0}, 0), "\x01x");
  expect_problem("cannot be read");
  put(kFields, field_key({kUser, 9000}, 0), encode_field_value(1.0));
  expect_problem("user #9000, which is not there");
}

TEST_F(Verify, TheLedger) {
  put(kLedger, ledger_key(1), encode_ledger_value({.name = "a.csv"}));
  expect_problem("'a.csv' is there twice");
  erase(kLedger, ledger_key(1));
  expect_problem("ledger: entry 1 is missing");
  put(kLedger, ledger_key(1), "short");
  expect_problem("ledger: entry 1 cannot be read");
  put(kLedger, ledger_key(1), encode_ledger_value({.name = "b.csv", .bytes = 100, .rows = 2, .bad_rows = 3}));
  expect_problem("3 bad of 2 rows");
}

TEST_F(Verify, TheQuarantine) {
  put(kQuarantine, quarantine_key(1, 5), "x");
  expect_problem("quarantine: an entry that cannot be read");
  put(kQuarantine, quarantine_key(8, 5), encode_quarantine_value({.line = 3}));
  expect_problem("line 3 of source 8");
}

// As a table file's name that is lost from RocksDB's MANIFEST leaves it.
TEST_F(Verify, AnOlderEntryOfTheLedgerAndALostRowOfTheQuarantine) {
  EventBatch batch{.ledger = {{.source = 0, .name = "a.csv", .bytes = 900, .rows = 9}},
                   .quarantined = {{.source = 0, .offset = 5, .line = 1, .reason = "invalid JSON"},
                                   {.source = 0, .offset = 9, .line = 2, .reason = "invalid JSON"}}};
  store_.apply(batch);
  store_.apply({.released = {{0, 9}}});
  EXPECT_TRUE(verify_store(store_).ok());
  erase(kQuarantine, quarantine_key(0, 5));
  expect_problem("entries are lost");
  put(kQuarantine, quarantine_key(0, 5), encode_quarantine_value(batch.quarantined[0]));
  EXPECT_TRUE(verify_store(store_).ok());
  put(kLedger, ledger_key(0), encode_ledger_value({.name = "a.csv", .bytes = 800, .rows = 8}));
  expect_problem("entries are lost");
}

TEST_F(Verify, ManyProblemsAreCountedNotListed) {
  for (int i = 0; i < 150; ++i) put(kIds, id_key(kItem, "x" + std::to_string(i)), "bad");
  const VerifyReport report = verify_store(store_);
  EXPECT_EQ(report.problem_count, 150U);
  EXPECT_EQ(report.problems.size(), 101U);
  EXPECT_EQ(report.problems.back(), "and 50 more");
}

TEST_F(Verify, AReaderWhoseWriterReplacedItsFiles) {
  const auto rewrite = [&] {
    for (std::size_t which = 0; which < kFamilyCount; ++which) {
      ASSERT_TRUE(db().Flush({}, family(static_cast<Family>(which))).ok());
      rocksdb::CompactRangeOptions options;
      options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
      ASSERT_TRUE(db().CompactRange(options, family(static_cast<Family>(which)), nullptr, nullptr).ok());
    }
  };
  rewrite();
  const GraphStore reader = GraphStore::open_reader(folder_ / "store");
  store_.apply({.events = random_events(100, 6)});
  rewrite();
  EXPECT_THAT(verify_store(reader).problems, ElementsAre());
  EXPECT_EQ(reader.info().sequence, store_.info().sequence);
}

TEST_F(Verify, AFileThatIsGone) {
  for (const Family which : {kIds, kOutgoing}) ASSERT_TRUE(db().Flush({}, family(which)).ok());
  const GraphStore reader = GraphStore::open_reader(folder_ / "store");
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "store/db")) {
    if (entry.path().extension() == ".sst") std::filesystem::remove(entry.path());
  }
  EXPECT_THAT(verify_store(reader).problems, Contains(HasSubstr("RocksDB's files")));
  expect_problem("RocksDB's files");
}

// With a write buffer this small, files are written and merged all the time.
TEST(VerifyBesideAWriter, ReportsNothing) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema(),
                                      {.sync = Sync::kNever, .write_buffer_bytes = 64 << 10});
  store.apply(
      {.events = random_events(500, 1),
       .ledger = {{.source = 0, .name = "a.csv"}, {.source = 1, .name = "b"}, {.source = 2, .name = "c"}}});
  std::jthread writer([&](const std::stop_token& stop) {
    for (std::uint64_t seed = 2; !stop.stop_requested(); ++seed)
      store.apply({.events = random_events(500, seed)});
  });
  for (int i = 0; i < 15; ++i) {
    const GraphStore reader = GraphStore::open_reader(folder / "store");
    EXPECT_THAT(verify_store(reader).problems, ElementsAre());
  }
  writer.request_stop();
  writer.join();
  EXPECT_THAT(verify_store(store).problems, ElementsAre());
}

// A reader may look at the folder while a table file is being written: whatever its last bytes are so far.
TEST_F(Verify, AnUnfinishedTableFileIsNoDamage) {
  std::string begun(4096, '\x80');
  begun[4096 - 52] = 0x20;  // where a footer would tell that the list of blocks begins
  real_files().write_whole(folder_ / "store/db/999999.sst", begun);
  const GraphStore reader = GraphStore::open_reader(folder_ / "store");
  EXPECT_THAT(verify_store(reader).problems, ElementsAre());
}

TEST_F(Verify, AFlippedByteInATableFile) {
  for (const Family which : {kIds, kOutgoing}) ASSERT_TRUE(db().Flush({}, family(which)).ok());
  std::filesystem::path table;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "store/db")) {
    if (entry.path().extension() == ".sst") table = entry.path();
  }
  ASSERT_FALSE(table.empty());
  {
    std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('\x5A');
  }
  expect_problem("RocksDB's files");
}

// A store that keeps a log of changes, and what it may not say.
class VerifyChanges : public Verify {
 protected:
  VerifyChanges() {
    keep_changes_from(store_, store_.info().sequence);
    for (std::uint64_t seed = 6; seed < 9; ++seed) store_.apply({.events = random_events(60, seed)});
    EXPECT_THAT(verify_store(store_).problems, ElementsAre());
  }
  std::vector<std::string> keys() {
    std::vector<std::string> out;
    for (PrefixScan scan(store_.impl(), kMeta, std::string(kChangePrefix)); scan.valid(); scan.next())
      out.emplace_back(scan.key());
    return out;
  }
  void change(const std::string& key, const std::function<void(ChangeEntry&)>& how) {
    std::string bytes;
    ASSERT_TRUE(db().Get({}, family(kMeta), key, &bytes).ok());
    ChangeEntry entry = *decode_change(bytes);
    how(entry);
    put(kMeta, key, encode_change(entry));
  }
};

TEST_F(VerifyChanges, AGap) {
  ASSERT_EQ(keys().size(), 3U);
  erase(kMeta, keys()[1]);
  expect_problem("are followed by those from");
  expect_problem("are counted");
}

TEST_F(VerifyChanges, AnEndBeforeTheStoresState) {
  erase(kMeta, keys()[2]);
  expect_problem("changes: the log ends at event");
}

TEST_F(VerifyChanges, EntriesThatCannotBeReadOrBelongToNoLog) {
  const std::string last = keys()[2];
  erase(kMeta, "changes");
  store_.impl().changes.reset();
  expect_problem("but no log is kept");
  put(kMeta, last, "short");
  erase(kMeta, keys()[0]);
  erase(kMeta, keys()[0]);
  expect_problem("changes: an entry that cannot be read");
}

TEST_F(VerifyChanges, EdgesAndFieldsThatAreNotAsItSays) {
  change(keys()[0], [](ChangeEntry& entry) {
    ASSERT_FALSE(entry.edges.empty());
    ASSERT_FALSE(entry.edges[0].removed);
    entry.edges[0].value.source = 2 - entry.edges[0].value.source % 2;
  });
  change(keys()[1], [](ChangeEntry& entry) {
    const auto came = std::find_if(entry.edges.begin(), entry.edges.end(),
                                   [](const LoggedEdge& edge) { return !edge.removed; });
    ASSERT_NE(came, entry.edges.end());
    came->key.event ^= 1;
    entry.fields.push_back({{kUser, 4000}, 0});
    entry.seen.push_back({kUser, 4000});
  });
  expect_problem("came, but is another");
  expect_problem("came, but is not there");
  expect_problem("changes: a field that was written and is not there");
  expect_problem("changes: a node that is not there");
}

TEST_F(VerifyChanges, AnEdgeThatWentAndIsThere) {
  change(keys()[2], [](ChangeEntry& entry) {
    for (LoggedEdge& edge : entry.edges) edge.removed = edge.key.type == kBuys;
  });
  expect_problem("went, but is there");
}

}  // namespace
}  // namespace weft::storage
