// Forgetting against an obvious oracle: a store that was fed the same events without those that name the
// node, compared through external ids. And a search of every byte for what should be gone.
#include "storage/forget.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.h"
#include "base/fault_files.h"
#include "base/hash.h"
#include "graph/snapshot_writer.h"
#include "storage/change_log.h"
#include "storage/delta_export.h"
#include "storage/ingest.h"
#include "storage/kill_points.h"
#include "storage/snapshot_export.h"
#include "storage/store_impl.h"
#include "storage/vector_cache.h"
#include "storage/verify.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const ForgetOptions kOptions = {.only_by_edges = {0, 0, 0, 1}};

// A row with a user, an item and a review of the same event.
graph::Event rating(graph::EventId id, const std::string& user, const std::string& item, graph::TimeMs time,
                    const std::string& body) {
  graph::Event event = buy(id, user, item, time, 2);
  event.nodes.push_back({.type = kReview, .external_id = to_hex(id), .fields = {body}, .time = time});
  event.edges.push_back({.type = kAbout, .from = to_hex(id), .to = item, .time = time});
  return event;
}

// Every user and item has a row of its own first: what is there does not hang on edges alone.
std::vector<graph::Event> shop_events(std::size_t count, std::uint64_t seed) {
  std::vector<graph::Event> events;
  for (int i = 0; i < 60; ++i)
    events.push_back({.id = 1, .nodes = {{.type = kItem, .external_id = fmt::format("i{}", i)}}});
  for (int i = 0; i < 40; ++i)
    events.push_back({.id = 1, .nodes = {{.type = kUser, .external_id = fmt::format("u{}", i)}}});
  std::mt19937_64 random(~seed);  // other numbers than random_events(seed) has
  for (graph::Event& event : random_events(count, seed)) {
    for (graph::NodeEvent& node : event.nodes) {
      if (node.type == kUser) node.time = graph::kNoTime;  // or it could not be told from those of edges
    }
    events.push_back(std::move(event));
    if (random() % 3 != 0) continue;
    events.push_back(rating(random() | 1, fmt::format("u{}", random() % 40),
                            fmt::format("i{}", random() % 60), static_cast<graph::TimeMs>(random() % 1000),
                            fmt::format("review {}", random())));
  }
  return events;
}

bool names(const graph::Event& event, graph::NodeTypeId type, const std::string& id) {
  const StoreSchema schema = small_schema();
  for (const graph::NodeEvent& node : event.nodes) {
    if (node.type == type && node.external_id == id) return true;
  }
  for (const graph::EdgeEvent& edge : event.edges) {
    const graph::EdgeType& edge_type = schema.graph.edge_type(edge.type);
    if ((edge_type.from == type && edge.from == id) || (edge_type.to == type && edge.to == id)) return true;
  }
  return false;
}

std::vector<graph::Event> without(std::vector<graph::Event> events, graph::NodeTypeId type,
                                  const std::string& id) {
  std::erase_if(events, [&](const graph::Event& event) { return names(event, type, id); });
  return events;
}

std::vector<LedgerEntry> three_sources() {
  std::vector<LedgerEntry> out;
  for (std::uint16_t i = 0; i < 3; ++i) out.push_back({.source = i, .name = fmt::format("source {}", i)});
  return out;
}

// In batches, some of which are flushed, so that entries lie in several files and in the log.
void apply_all(GraphStore& store, const std::vector<graph::Event>& events) {
  store.apply({.ledger = three_sources()});
  constexpr std::size_t kBatch = 150;
  for (std::size_t at = 0; at < events.size(); at += kBatch) {
    const std::size_t end = std::min(events.size(), at + kBatch);
    store.apply({.events = {events.begin() + static_cast<std::ptrdiff_t>(at),
                            events.begin() + static_cast<std::ptrdiff_t>(end)}});
    if (at / kBatch % 3 != 1) continue;
    ASSERT_TRUE(store.impl().db->Flush({}, store.impl().handles).ok());
  }
}

std::string text_of(const graph::FieldValue& value) {
  return std::holds_alternative<std::monostate>(value) ? "" : encode_field_value(value);
}

// The store's content through external ids; nodes that only edges make and that have none are left out.
std::multiset<std::string> content(const GraphStore& store) {
  const graph::GraphTables tables = store.tables("");
  std::multiset<std::string> out;
  std::set<std::pair<graph::NodeTypeId, graph::NodeId>> with_edges;
  for (std::size_t type = 0; type < tables.edges.size(); ++type) {
    const graph::EdgeList& list = tables.edges[type];
    const graph::EdgeType& edge_type = tables.schema.edge_types()[type];
    for (std::size_t i = 0; i < list.size(); ++i) {
      with_edges.insert({edge_type.from, list.from[i]});
      with_edges.insert({edge_type.to, list.to[i]});
      out.insert(fmt::format("{} '{}' -> '{}' {} {} {:x} {}", edge_type.name,
                             tables.nodes[edge_type.from].external_ids[list.from[i]],
                             tables.nodes[edge_type.to].external_ids[list.to[i]],
                             list.times.empty() ? 0 : list.times[i],
                             list.weights.empty() ? 1.0F : list.weights[i], list.events[i], list.sources[i]));
    }
  }
  for (std::size_t type = 0; type < tables.nodes.size(); ++type) {
    const graph::NodeTable& table = tables.nodes[type];
    for (std::size_t node = 0; node < table.external_ids.size(); ++node) {
      const graph::NodeRef ref{static_cast<graph::NodeTypeId>(type), static_cast<graph::NodeId>(node)};
      if (table.external_ids[node].empty() || (type == kTag && !with_edges.contains({ref.type, ref.id})))
        continue;
      std::string line = fmt::format("{} '{}' {} {:x}", tables.schema.node_types()[type].name,
                                     table.external_ids[node], table.first_seen[node], table.events[node]);
      for (std::size_t f = 0; f < table.fields.size(); ++f)
        line += " " + to_hex(hash64(text_of(store.field(ref, f))));
      out.insert(std::move(line));
    }
  }
  return out;
}

// What one has and the other has not.
void expect_same(const GraphStore& store, const GraphStore& oracle) {
  const std::multiset<std::string> a = content(store), b = content(oracle);
  std::vector<std::string> more, less;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(more));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(less));
  EXPECT_THAT(more, IsEmpty());
  EXPECT_THAT(less, IsEmpty());
}

void expect_sound(const GraphStore& store, const fs::path& scratch) {
  EXPECT_THAT(verify_store(store).problems, IsEmpty());
  const std::uint64_t wanted = graph::write_snapshot(store.tables(""), scratch / "tables").checksum;
  EXPECT_EQ(scan_into_snapshot(store, scratch / "scan", "", {}).checksum, wanted);
  graph::Snapshot::open(scratch / "scan");
  fs::remove_all(scratch);
}

TEST(Forget, LeavesWhatAStoreWithoutTheNodeHas) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    const test::TempFolder folder;
    const std::vector<graph::Event> events = shop_events(700, seed);
    const graph::NodeTypeId type = seed % 3 == 0 ? kItem : kUser;
    const std::string id = fmt::format("{}{}", type == kItem ? "i" : "u", seed);
    const std::vector<graph::Event> others = without(events, type, id);
    GraphStore store = GraphStore::open(folder / "w" / "store", small_schema());
    apply_all(store, events);
    const std::uint32_t nodes = store.info().node_counts[type];
    const ForgetReport plan = forget_node(store, type, id, {.only_by_edges = {0, 0, 0, 1}, .dry_run = true});
    ASSERT_TRUE(store.find_node(type, id)) << "a dry run changes nothing";
    const ForgetReport report = forget_node(store, type, id, kOptions);
    EXPECT_TRUE(report.known);
    EXPECT_EQ(report.edges, plan.edges);
    EXPECT_EQ(report.nodes, plan.nodes);
    EXPECT_GT(report.edges[kBuys], 0U);
    EXPECT_EQ(report.nodes[type], 1U);
    GraphStore oracle = GraphStore::open(folder / "oracle", small_schema());
    apply_all(oracle, others);
    expect_same(store, oracle);
    EXPECT_EQ(store.info().edge_counts, oracle.info().edge_counts);
    EXPECT_EQ(store.info().node_counts[type], nodes) << "dense ids stay";
    EXPECT_FALSE(store.find_node(type, id));
    expect_sound(store, folder / "scratch");
    finish_forgetting(store, {folder / "w"});
    expect_same(store, oracle);
    // It goes on as the other would.
    const std::vector<graph::Event> more = without(random_events(300, seed + 100), type, id);
    apply_all(store, more);
    apply_all(oracle, more);
    expect_same(store, oracle);
    expect_sound(store, folder / "scratch");
  }
}

// Files with the text in their bytes, and keys and values of tables, which are compressed.
std::vector<std::string> places_of(const std::string& text, const fs::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().string().find(text) != std::string::npos) out.push_back("name " + entry.path().string());
    if (!entry.is_regular_file()) continue;
    if (real_files().read_whole(entry.path()).find(text) != std::string::npos)
      out.push_back(entry.path().string());
    if (entry.path().extension() != ".sst") continue;
    rocksdb::SstFileReader reader({});
    EXPECT_TRUE(reader.Open(entry.path().string()).ok());
    const std::unique_ptr<rocksdb::Iterator> it(reader.NewIterator({}));
    bool found = false;
    for (it->SeekToFirst(); it->Valid(); it->Next())
      found = found || (it->key().ToString() + it->value().ToString()).find(text) != std::string::npos;
    EXPECT_TRUE(it->status().ok());
    if (found) out.push_back("table " + entry.path().string());
  }
  return out;
}

// Tables hold no deletions either: they would name what was deleted.
void expect_no_deletions(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".sst") continue;
    rocksdb::SstFileReader reader({});
    ASSERT_TRUE(reader.Open(entry.path().string()).ok());
    EXPECT_EQ(reader.GetTableProperties()->num_deletions, 0U) << entry.path();
  }
}

// A workspace with all that knows a person: store, snapshots, a delta, vectors, features, quarantine.
class ForgetEverywhere : public ::testing::Test {
 protected:
  static constexpr const char* kId = "zoe-of-elm-street";
  static constexpr const char* kText = "the kettle whistles in b flat";
  static constexpr const char* kBad = "zoe-of-elm-street,,not a time";

  static std::vector<graph::Event> events() {
    std::vector<graph::Event> out = shop_events(900, 3);
    graph::Event row = {.id = 5, .nodes = {{.type = kUser, .external_id = kId, .fields = {41.0}}}};
    out.insert(out.begin() + 200, row);
    out.insert(out.begin() + 300, rating(0x77, kId, "i3", 5, kText));
    out.insert(out.begin() + 500, buy(0x78, kId, "i4", 1));
    out.insert(out.begin() + 600, {.id = 0x79, .edges = {{.type = kFriend, .from = "u1", .to = kId}}});
    out.push_back(rating(0x7a, kId, "i5", 900, std::string(kText) + " again"));
    return out;
  }

  explicit ForgetEverywhere() {
    GraphStore store = open();
    std::vector<graph::Event> all = events();
    const auto middle = all.begin() + 700;
    apply_all(store, {all.begin(), middle});
    export_delta(store, workspace_, "root");
    store.apply({.events = {middle, all.end()}, .quarantined = quarantine()});
    export_delta(store, workspace_, "root");
    write_quarantine(store, workspace_.quarantine_file());
    fs::create_directories(workspace_.folder / "features" / "review.body" / "00");
    real_files().write_whole(workspace_.folder / "features" / "review.body" / "00" / "vectors", kText);
    // What was killed on its way left these.
    for (const fs::path& folder : {workspace_.importing(), workspace_.restoring()}) {
      fs::create_directories(folder);
      real_files().write_whole(folder / "x", kId);
    }
    real_files().write_whole(workspace_.folder / "quarantine.jsonl.tmp", kText);
    fs::create_directories(workspace_.folder / "store.before-repair-1");
    real_files().write_whole(workspace_.folder / "store.before-repair-1" / "x", kId);
    VectorCache vectors = VectorCache::open(workspace_.vectors());
    vectors.put_many(std::vector<std::pair<std::string, std::string>>{
        {"enc/" + hash_of(kText), "their vector"}, {"enc/" + hash_of("other"), "another"}});
  }

  static std::vector<QuarantinedRow> quarantine() {
    return {{.source = 0,
             .offset = 10,
             .line = 2,
             .reason = "invalid time",
             .detail = "'not a time'",
             .excerpt = kBad},
            {.source = 0,
             .offset = 90,
             .line = 3,
             .reason = "missing id",
             .detail = "column 'user' is empty",
             .excerpt = ",i3,12"}};
  }
  static std::string hash_of(std::string_view text) {
    return hash128_hex(std::as_bytes(std::span(text.data(), text.size())));
  }
  GraphStore open(Files& files = real_files()) const {
    return GraphStore::open(workspace_.store(), small_schema(), {}, files);
  }

  void expect_gone() const {
    for (const char* text : {kId, kText, "their vector"})
      EXPECT_THAT(places_of(text, workspace_.folder), IsEmpty()) << text;
    expect_no_deletions(workspace_.store());
    expect_no_deletions(workspace_.vectors());
    GraphStore store = open();
    EXPECT_FALSE(forgetting_unfinished(store));
    EXPECT_FALSE(store.find_node(kUser, kId));
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    GraphStore oracle = GraphStore::open(folder_ / "oracle", small_schema());
    apply_all(oracle, without(events(), kUser, kId));
    expect_same(store, oracle);
    const ExportedSnapshot exported = export_snapshot(store, workspace_, "root");
    EXPECT_EQ(graph::Snapshot::open(exported.folder).forgotten_nodes(kUser), 1U);
  }

  test::TempFolder folder_;
  Workspace workspace_{folder_ / "workspace"};
};

TEST_F(ForgetEverywhere, NoByteIsLeft) {
  EXPECT_THAT(places_of(kId, workspace_.folder), ::testing::Not(IsEmpty()));
  EXPECT_THAT(places_of(kText, workspace_.folder), ::testing::Not(IsEmpty()));
  {
    GraphStore store = open();
    const ForgetReport report = forget_node(store, kUser, kId, kOptions);
    EXPECT_EQ(report.nodes, (std::vector<std::uint64_t>{1, 0, 2, 0}));
    EXPECT_EQ(report.edges, (std::vector<std::uint64_t>{3, 2, 2, 0}));
    EXPECT_EQ(report.fields, 3U);
    EXPECT_EQ(report.quarantined, 1U);
    EXPECT_TRUE(forgetting_unfinished(store));
    EXPECT_EQ(store.info().format, kForgettingFormat);
    EXPECT_FALSE(change_log(store)) << "a delta would not know what went";
    finish_forgetting(store, workspace_);
    EXPECT_FALSE(forgetting_unfinished(store));
    std::vector<QuarantinedRow> rows;
    store.visit_quarantine([&](const QuarantinedRow& row) {
      rows.push_back(row);
      return true;
    });
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0], (QuarantinedRow{.source = 0, .offset = 10, .line = 2, .reason = "invalid time"}));
    EXPECT_EQ(rows[1], quarantine()[1]);
    EXPECT_FALSE(fs::exists(workspace_.snapshots()));
  }
  {
    const VectorCache vectors = VectorCache::open(workspace_.vectors());
    const std::vector<std::string> keys = {"enc/" + hash_of(kText), "enc/" + hash_of("other")};
    const auto values = vectors.get_many(keys);
    EXPECT_EQ(values[0], std::nullopt);
    EXPECT_EQ(values[1], "another");
  }
  expect_gone();
}

TEST_F(ForgetEverywhere, StoppedAtEveryKillPoint) {
  struct Stop {};
  const fs::path kept = folder_ / "kept";
  fs::copy(workspace_.folder, kept, fs::copy_options::recursive);
  for (const std::string_view point : kForgetKillPoints) {
    SCOPED_TRACE(point);
    fs::remove_all(workspace_.folder);
    fs::copy(kept, workspace_.folder, fs::copy_options::recursive);
    fs::remove_all(folder_ / "oracle");
    FaultFiles files(real_files());
    files.on_kill_point([&](std::string_view name) {
      if (name == point) throw Stop();
    });
    EXPECT_THROW(
        {
          GraphStore store = open(files);
          forget_node(store, kUser, kId, kOptions);
          finish_forgetting(store, workspace_, no_progress(), files);
        },
        Stop);
    GraphStore store = open();
    const bool unwritten = point == "forget.before_write";
    EXPECT_EQ(store.find_node(kUser, kId).has_value(), unwritten);
    EXPECT_EQ(forgetting_unfinished(store), !unwritten && point != "forget.after_unmark");
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    if (unwritten) {
      EXPECT_TRUE(forget_node(store, kUser, kId, kOptions).known);
    }
    finish_forgetting(store, workspace_);
    { const GraphStore closed = std::move(store); }
    expect_gone();
  }
}

TEST_F(ForgetEverywhere, RowsThatNameThemAreLeftOutUntilTheyMayReturn) {
  GraphStore store = open();
  forget_node(store, kUser, kId, kOptions);
  finish_forgetting(store, workspace_);
  const auto before = content(store);
  EXPECT_EQ(store.apply({.events = events()}).forgotten_events, 5U);
  EXPECT_EQ(content(store), before);
  EXPECT_TRUE(forget_node(store, kUser, kId, kOptions).forgotten);
  { const GraphStore closed = std::move(store); }
  store = open();
  EXPECT_EQ(store.apply({.events = events()}).forgotten_events, 5U) << "also after it was opened again";
  EXPECT_FALSE(allow_return(store, kItem, kId));
  EXPECT_TRUE(allow_return(store, kUser, kId));
  EXPECT_FALSE(allow_return(store, kUser, kId));
  EXPECT_EQ(store.apply({.events = events()}).forgotten_events, 0U);
  EXPECT_TRUE(store.find_node(kUser, kId));
  EXPECT_NE(content(store), before);
  EXPECT_THAT(verify_store(store).problems, IsEmpty());
}

// Rows that were bad, and came after it was forgotten: by an earlier version, or spelled otherwise.
TEST_F(ForgetEverywhere, ForgottenAgainTheQuarantineIsLookedThroughAgain) {
  GraphStore store = open();
  forget_node(store, kUser, kId, kOptions);
  finish_forgetting(store, workspace_);
  EXPECT_EQ(forget_node(store, kUser, kId, kOptions).quarantined, 0U);
  EXPECT_FALSE(forgetting_unfinished(store));
  store.apply({.quarantined = quarantine()});
  write_quarantine(store, workspace_.quarantine_file());
  EXPECT_THAT(places_of(kId, workspace_.folder), ::testing::Not(IsEmpty()));
  ForgetOptions dry = kOptions;
  dry.dry_run = true;
  EXPECT_EQ(forget_node(store, kUser, kId, dry).quarantined, 1U);
  EXPECT_FALSE(forgetting_unfinished(store));
  const ForgetReport report = forget_node(store, kUser, kId, kOptions);
  EXPECT_TRUE(report.forgotten);
  EXPECT_FALSE(report.known);
  EXPECT_EQ(report.quarantined, 1U);
  finish_forgetting(store, workspace_);
  { const GraphStore closed = std::move(store); }
  expect_gone();
}

TEST_F(ForgetEverywhere, WhoseRowsWereAllBadIsForgottenToo) {
  GraphStore store = open();
  const std::uint64_t sequence = store.info().sequence;
  store.apply(
      {.quarantined = {{.source = 0, .offset = 200, .line = 9, .reason = "x", .excerpt = "eve,5,never"},
                       {.source = 0, .offset = 300, .line = 10, .reason = "x", .excerpt = "evelyn,5,no"}}});
  EXPECT_EQ(forget_node(store, kUser, "ev", kOptions).quarantined, 0U) << "part of a word is no id";
  EXPECT_EQ(store.info().sequence, sequence);
  const ForgetReport report = forget_node(store, kUser, "evelyn", kOptions);
  EXPECT_FALSE(report.known);
  EXPECT_FALSE(report.forgotten);
  EXPECT_EQ(report.quarantined, 1U);
  EXPECT_TRUE(forgetting_unfinished(store));
  finish_forgetting(store, workspace_);
  EXPECT_TRUE(forget_node(store, kUser, "evelyn", kOptions).forgotten);
  EXPECT_EQ(
      store.apply({.events = {buy(0x80, "evelyn", "i4", 1), buy(0x81, "eve", "i4", 1)}}).forgotten_events,
      1U);
  EXPECT_THAT(verify_store(store).problems, IsEmpty());
  { const GraphStore closed = std::move(store); }
  EXPECT_THAT(places_of("evelyn", workspace_.folder), IsEmpty());
}

TEST_F(ForgetEverywhere, WhereSourcesSpellItOtherwiseNoRowIsQuoted) {
  GraphStore store = open();
  ForgetOptions options = kOptions;
  options.spelled_otherwise = true;
  EXPECT_EQ(forget_node(store, kUser, "u1", kOptions).quarantined, 0U);
  EXPECT_EQ(forget_node(store, kUser, "u2", options).quarantined, 2U);
}

TEST_F(ForgetEverywhere, WhatIsNotThereChangesNothing) {
  GraphStore store = open();
  const std::string before = dump(store);
  EXPECT_FALSE(forget_node(store, kUser, "nobody", kOptions).known);
  EXPECT_FALSE(forget_node(store, kItem, "u3", kOptions).known);
  EXPECT_FALSE(forget_node(store, kUser, "", kOptions).known);
  EXPECT_EQ(dump(store), before);
  EXPECT_FALSE(forgetting_unfinished(store));
  finish_forgetting(store, workspace_);
  EXPECT_TRUE(fs::exists(workspace_.snapshots()));
  GraphStore reader = GraphStore::open_reader(workspace_.store());
  EXPECT_THROW(forget_node(reader, kUser, kId, kOptions), Error);
}

}  // namespace
}  // namespace weft::storage
