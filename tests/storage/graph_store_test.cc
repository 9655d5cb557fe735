#include "storage/graph_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/fault_files.h"
#include "storage/verify.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

// What the store should hold, kept in maps with external ids.
class Model {
 public:
  struct Edge {
    std::string from, to;
    graph::TimeMs time;
    graph::EventId event;
    float weight;
    std::uint16_t source;
    auto operator<=>(const Edge&) const = default;
  };

  void add(const graph::Event& event) {
    const auto first = std::find_if(event.edges.begin(), event.edges.end(),
                                    [](const auto& edge) { return edge.type != kItemTag; });
    if (first != event.edges.end()) {
      for (const Edge& edge : edges[first->type]) {
        if (edge.from == first->from && edge.to == first->to && edge.time == first->time &&
            edge.event == event.id)
          return;
      }
    }
    for (const graph::NodeEvent& node : event.nodes) {
      end(node.type, node.external_id, node.time);
      for (std::size_t i = 0; i < node.fields.size(); ++i) {
        if (node.fields[i].index() != 0) fields[{node.type, node.external_id, i}] = node.fields[i];
      }
    }
    std::map<std::string, std::set<std::string>> tags;
    for (const graph::EdgeEvent& edge : event.edges) {
      const graph::EdgeType& type = schema.graph.edge_type(edge.type);
      end(type.from, edge.from, edge.time);
      end(type.to, edge.to, edge.time);
      if (edge.type == kItemTag) {
        tags[edge.from].insert(edge.to);
        continue;
      }
      edges[edge.type].insert(
          {edge.from, edge.to, edge.time, event.id, static_cast<float>(edge.weight), event.source});
      if (type.symmetric)
        edges[edge.type].insert(
            {edge.to, edge.from, edge.time, event.id, static_cast<float>(edge.weight), event.source});
    }
    for (const auto& [item, set] : tags) item_tags[item] = set;
  }

  StoreSchema schema = small_schema();
  std::map<graph::NodeTypeId, std::vector<std::string>> ids;
  std::map<std::pair<graph::NodeTypeId, std::string>, std::set<graph::TimeMs>> seen_at;
  std::map<std::tuple<graph::NodeTypeId, std::string, std::size_t>, graph::FieldValue> fields;
  std::map<graph::EdgeTypeId, std::set<Edge>> edges;
  std::map<std::string, std::set<std::string>> item_tags;

 private:
  void see(graph::NodeTypeId type, const std::string& id) {
    auto& list = ids[type];
    if (std::find(list.begin(), list.end(), id) == list.end()) list.push_back(id);
  }
  void end(graph::NodeTypeId type, const std::string& id, graph::TimeMs time) {
    see(type, id);
    auto& times = seen_at[{type, id}];
    if (time != graph::kNoTime) times.insert(time);
  }
};

void expect_equal(const GraphStore& store, const Model& model) {
  const graph::GraphTables tables = store.tables("");
  for (graph::NodeTypeId type = 0; type < 4; ++type) {
    const graph::NodeTable& table = tables.nodes[type];
    const auto found = model.ids.find(type);
    const std::vector<std::string> wanted =
        found == model.ids.end() ? std::vector<std::string>{} : found->second;
    ASSERT_EQ(table.external_ids, wanted);
    for (graph::NodeId node = 0; node < wanted.size(); ++node) {
      const auto& times = model.seen_at.at({type, wanted[node]});
      ASSERT_EQ(table.first_seen[node], times.empty() ? graph::kNoTime : *times.begin()) << wanted[node];
      ASSERT_EQ(store.find_node(type, wanted[node]), node);
      ASSERT_EQ(store.external_id({type, node}), wanted[node]);
      for (std::size_t field = 0; field < table.fields.size(); ++field) {
        const auto value = model.fields.find({type, wanted[node], field});
        ASSERT_EQ(table.fields[field][node],
                  value == model.fields.end() ? graph::FieldValue{} : value->second);
        ASSERT_EQ(store.field({type, node}, field), table.fields[field][node]);
      }
    }
  }
  for (const graph::EdgeTypeId type : {kBuys, kFriend, kAbout}) {
    const graph::EdgeType& edge_type = model.schema.graph.edge_type(type);
    std::set<Model::Edge> stored;
    const graph::EdgeList& list = tables.edges[type];
    for (std::size_t i = 0; i < list.size(); ++i) {
      stored.insert({tables.nodes[edge_type.from].external_ids[list.from[i]],
                     tables.nodes[edge_type.to].external_ids[list.to[i]],
                     list.times.empty() ? graph::kNoTime : list.times[i], list.events[i],
                     list.weights.empty() ? 1.0F : list.weights[i], list.sources[i]});
    }
    ASSERT_EQ(stored.size(), list.size());
    const auto wanted = model.edges.find(type);
    ASSERT_EQ(stored, wanted == model.edges.end() ? std::set<Model::Edge>{} : wanted->second)
        << edge_type.name;
  }
  std::map<std::string, std::set<std::string>> tags;
  for (std::size_t i = 0; i < tables.edges[kItemTag].size(); ++i) {
    tags[tables.nodes[kItem].external_ids[tables.edges[kItemTag].from[i]]].insert(
        tables.nodes[kTag].external_ids[tables.edges[kItemTag].to[i]]);
  }
  ASSERT_EQ(tags, model.item_tags);
}

TEST(GraphStore, EqualsMapsAndLoopsOnRandomEvents) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    const test::TempFolder folder;
    std::mt19937_64 random(seed);
    // A tiny cache in half of the runs, so that ids are read back from the database.
    const StoreOptions options{.sync = Sync::kNever,
                               .dictionary_cache_entries = seed % 2 == 0 ? 4U : 1'000'000U};
    const auto events = random_events(600, seed);
    Model model;
    std::size_t at = 0;
    while (at < events.size()) {
      GraphStore store = GraphStore::open(folder / "store", small_schema(), options);
      for (int i = 0; i < 4 && at < events.size(); ++i) {
        // The three sources of random_events.
        EventBatch batch{.ledger = {{.source = 0, .name = "a.csv"},
                                    {.source = 1, .name = "b.csv"},
                                    {.source = 2, .name = "c.csv"}}};
        for (std::size_t count = random() % 80; count > 0 && at < events.size(); --count) {
          batch.events.push_back(events[at]);
          model.add(events[at++]);
        }
        store.apply(batch);
      }
      expect_equal(store, model);
      EXPECT_EQ(store.info().sequence, at);
      ASSERT_THAT(verify_store(store).problems, ElementsAre());
    }
  }
}

TEST(GraphStore, BatchesMayBeCutAnywhere) {
  const auto events = random_events(400, 9);
  std::set<std::string> dumps;
  for (const std::size_t size : {1U, 7U, 400U}) {
    const test::TempFolder folder;
    GraphStore store = GraphStore::open(folder / "store", small_schema(), {.sync = Sync::kNever});
    for (std::size_t at = 0; at < events.size(); at += size) {
      store.apply(
          {.events = {events.begin() + static_cast<std::ptrdiff_t>(at),
                      events.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, events.size()))}});
    }
    dumps.insert(dump(store));
  }
  EXPECT_EQ(dumps.size(), 1U);
}

TEST(GraphStore, TheSameEventsAgainAddNothing) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  const auto events = random_events(300, 4);
  store.apply({.events = events});
  const StoreInfo before = store.info();
  const ApplyResult again = store.apply({.events = events});
  EXPECT_EQ(store.info().node_counts, before.node_counts);
  EXPECT_EQ(again.new_nodes, (std::vector<std::uint64_t>{0, 0, 0, 0}));
  EXPECT_EQ(again.new_edges[kBuys] + again.new_edges[kFriend] + again.new_edges[kAbout], 0U);
  EXPECT_GT(again.duplicate_events, 0U);
}

TEST(GraphStore, NeighboursEqualASortedFilter) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  store.apply({.events = random_events(2000, 21)});
  const graph::GraphTables tables = store.tables("");
  std::mt19937_64 random(8);
  for (int i = 0; i < 500; ++i) {
    const auto type = static_cast<graph::EdgeTypeId>(random() % 4);
    const bool incoming = random() % 2 == 0;
    const graph::RelationId relation =
        incoming ? graph::incoming_relation(type) : graph::outgoing_relation(type);
    const graph::NodeRef node{tables.schema.row_type(relation), static_cast<graph::NodeId>(random() % 45)};
    const graph::TimeMs before = std::vector<graph::TimeMs>{
        graph::kEndOfTime, graph::kNoTime, 0, static_cast<graph::TimeMs>(random() % 1100)}[random() % 4];
    const std::size_t limit = random() % 20;
    std::vector<Neighbour> wanted;
    const graph::EdgeList& list = tables.edges[type];
    for (std::size_t e = 0; e < list.size(); ++e) {
      if ((incoming ? list.to[e] : list.from[e]) != node.id) continue;
      if (!list.times.empty() && list.times[e] >= before) continue;
      wanted.push_back({.node = incoming ? list.from[e] : list.to[e],
                        .time = list.times.empty() ? graph::kNoTime : list.times[e],
                        .event = list.events[e],
                        .weight = list.weights.empty() ? 1.0F : list.weights[e],
                        .source = list.sources[e]});
    }
    std::sort(wanted.begin(), wanted.end(), [](const Neighbour& a, const Neighbour& b) {
      return std::tuple(b.time, b.node, b.event) < std::tuple(a.time, a.node, a.event);
    });
    wanted.resize(std::min(wanted.size(), limit));
    ASSERT_EQ(store.neighbours(node, relation, limit, before), wanted);
  }
  EXPECT_THROW(store.neighbours({kItem, 0}, graph::outgoing_relation(kBuys), 5), Error);
}

TEST(GraphStore, ANodeWithAMillionNeighboursIsReadInPart) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema(), {.sync = Sync::kNever});
  constexpr int kEdges = 1'000'000;
  EventBatch batch;
  for (int i = 0; i < kEdges; ++i) {
    batch.events.push_back(
        buy(static_cast<graph::EventId>(i) + 1, "star", "i" + std::to_string(i % 1000), i));
    if (batch.events.size() == 50'000) {
      store.apply(batch);
      batch.events.clear();
    }
  }
  const auto newest = store.neighbours({kUser, 0}, graph::outgoing_relation(kBuys), 3);
  ASSERT_EQ(newest.size(), 3U);
  EXPECT_EQ(newest[0].time, kEdges - 1);
  EXPECT_EQ(newest[2].time, kEdges - 3);
  const auto older = store.neighbours({kUser, 0}, graph::outgoing_relation(kBuys), 2, 500'000);
  EXPECT_EQ(older[0].time, 499'999);
  EXPECT_EQ(store.info().edge_counts[kBuys], kEdges);
}

TEST(GraphStore, IdsMayHoldAnything) {
  const test::TempFolder folder;
  const std::vector<std::string> ids = {"tab\there", "nul\0here"s, "漢字", "\xFF\xFE", std::string(4000, 'x'),
                                        "a",         "ab",         " "};
  {
    GraphStore store = GraphStore::open(folder / "store", small_schema());
    EventBatch batch;
    for (const std::string& id : ids)
      batch.events.push_back({.id = 1, .nodes = {{.type = kItem, .external_id = id}}});
    store.apply(batch);
  }
  const GraphStore store = GraphStore::open_existing(folder / "store");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(store.find_node(kItem, ids[i]), i);
    EXPECT_EQ(store.external_id({kItem, static_cast<graph::NodeId>(i)}), ids[i]);
  }
  EXPECT_FALSE(store.find_node(kUser, "a"));
}

TEST(GraphStore, LedgerAndQuarantine) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  const LedgerEntry entry{
      .source = 0, .name = "a.csv", .bytes = 10, .prefix_hash = 5, .lines = 2, .rows = 2, .bad_rows = 1};
  const QuarantinedRow row{
      .source = 0, .offset = 4, .line = 2, .reason = "missing id", .detail = "d", .excerpt = ",x"};
  store.apply(
      {.ledger = {entry}, .quarantined = {row, {.source = 0, .offset = 9, .line = 3, .reason = "r"}}});
  store.apply({.released = {{0, 9}}});
  EXPECT_THAT(store.ledger(), ElementsAre(entry));
  std::vector<QuarantinedRow> rows;
  store.visit_quarantine([&](const QuarantinedRow& each) {
    rows.push_back(each);
    return true;
  });
  EXPECT_THAT(rows, ElementsAre(row));
}

void make_bare_database(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder.parent_path());
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder.string(), &raw).ok());
  delete raw;
}

template <typename Open>
std::string refusal(const Open& open) {
  std::string said;
  try {
    open();
  } catch (const Error& error) {
    said = error.what();
  }
  return said;
}

// A kill while RocksDB makes the column families one by one.
TEST(GraphStore, HalfMadeStoreIsSaidToBeUnfinishedAndIsMadeAnewByTheNextWriter) {
  const test::TempFolder folder;
  make_bare_database(folder / "store/db");
  real_files().write_whole(folder / "store/unfinished", "");
  EXPECT_THAT(refusal([&] { GraphStore::open_reader(folder / "store"); }),
              HasSubstr("never finished being created"));
  EXPECT_THAT(refusal([&] { GraphStore::open_existing(folder / "store"); }),
              HasSubstr("never finished being created"));
  {
    const GraphStore store = GraphStore::open(folder / "store", small_schema());
    EXPECT_EQ(store.info().sequence, 0U);
    EXPECT_TRUE(verify_store(store).ok());
  }
  EXPECT_EQ(GraphStore::open_existing(folder / "store").info().sequence, 0U);
}

TEST(GraphStore, LostColumnFamiliesAreNotMadeAnew) {
  const test::TempFolder folder;
  make_bare_database(folder / "store/db");
  EXPECT_THAT(refusal([&] { GraphStore::open(folder / "store", small_schema()); }),
              HasSubstr("lost some of its column families"));
  EXPECT_THAT(refusal([&] { GraphStore::open_existing(folder / "store"); }),
              HasSubstr("lost some of its column families"));
  EXPECT_THAT(refusal([&] { GraphStore::open_reader(folder / "store"); }),
              HasSubstr("lost some of its column families"));
}

// Not "try again".
TEST(GraphStore, AReaderOfAStoreWithoutItsManifestIsToldWhatToDo) {
  const test::TempFolder folder;
  GraphStore::open(folder / "store", small_schema()).apply({.events = {buy(1, "u", "i", 5)}});
  std::vector<std::filesystem::path> manifests;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "store/db")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) manifests.push_back(entry.path());
  }
  for (const auto& manifest : manifests) std::filesystem::remove(manifest);
  const std::string said = refusal([&] { GraphStore::open_reader(folder / "store"); });
  EXPECT_THAT(said, HasSubstr("files of the store's database are gone"));
  EXPECT_THAT(said, HasSubstr("weft repair"));
}

TEST(GraphStore, ADatabaseWithoutItsCurrentFileIsNotMadeAnew) {
  const test::TempFolder folder;
  GraphStore::open(folder / "store", small_schema()).apply({.events = {buy(1, "u", "i", 5)}});
  GraphStore::open_existing(folder / "store");  // from the log into tables
  std::filesystem::remove(folder / "store/db/CURRENT");
  EXPECT_THAT(refusal([&] { GraphStore::open(folder / "store", small_schema()); }),
              HasSubstr("lost its file CURRENT"));
  EXPECT_THAT(refusal([&] { GraphStore::open_reader(folder / "store"); }),
              HasSubstr("lost its file CURRENT"));
}

// RocksDB itself would abort the process.
TEST(GraphStore, ATableWhoseLastBitOfPropertiesIsDamagedIsRefused) {
  const test::TempFolder folder;
  GraphStore::open(folder / "store", small_schema()).apply({.events = random_events(40, 3)});
  GraphStore::open_existing(folder / "store");  // from the log into tables
  int tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "store/db")) {
    if (entry.path().extension() != ".sst") continue;
    ++tables;
    const std::string sound = real_files().read_whole(entry.path());
    std::string broken = sound;
    const std::size_t footer = sound.size() - 53;
    const std::size_t list = (sound[footer + 1] & 0x7F) + (static_cast<std::size_t>(sound[footer + 2]) << 7);
    broken[list - 6] = static_cast<char>(broken[list - 6] ^ 0x80);
    real_files().write_whole(entry.path(), broken);
    EXPECT_THAT(refusal([&] { GraphStore::open_existing(folder / "store"); }),
                HasSubstr("properties are damaged"));
    EXPECT_THAT(refusal([&] { GraphStore::open_reader(folder / "store"); }),
                HasSubstr("properties are damaged"));
    real_files().write_whole(entry.path(), sound);
  }
  EXPECT_GT(tables, 4);
  EXPECT_EQ(GraphStore::open_existing(folder / "store").info().sequence, 40U);
}

TEST(GraphStore, RefusesWhatCannotBe) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  const auto refuse = [&](graph::Event event) {
    EventBatch batch{.events = {buy(1, "u", "i", 5), std::move(event)}};
    EXPECT_THROW(store.apply(batch), Error);
  };
  refuse({.id = 2, .edges = {{.type = 9, .from = "a", .to = "b"}}});
  refuse({.id = 2, .nodes = {{.type = 9, .external_id = "a"}}});
  refuse({.id = 2, .nodes = {{.type = kUser, .external_id = ""}}});
  refuse({.id = 2, .edges = {{.type = kBuys, .from = "a", .to = "", .time = 1}}});
  refuse({.id = 2, .edges = {{.type = kBuys, .from = "a", .to = "b"}}});
  refuse({.id = 2, .edges = {{.type = kFriend, .from = "a", .to = "b", .time = 3}}});
  refuse({.id = 0, .edges = {{.type = kFriend, .from = "a", .to = "b"}}});
  for (const double weight : {-1.0, 1e300, std::nan("")}) refuse(buy(2, "a", "b", 1, weight));
  refuse({.id = 2, .nodes = {{.type = kUser, .external_id = "u", .fields = {1.0, 2.0}}}});
  EXPECT_EQ(store.info().sequence, 0U) << "nothing of a refused batch is written";
  store.apply({.events = {buy(1, "u", "i", 5)}});
  EXPECT_EQ(store.info().edge_counts[kBuys], 1U) << "a refused batch leaves the store usable";
}

TEST(GraphStore, AnotherSchemaIsRefusedWithTheDifference) {
  const test::TempFolder folder;
  { GraphStore::open(folder / "store", small_schema()).apply({.events = {buy(1, "u", "i", 5)}}); }
  StoreSchema other = small_schema();
  other.graph.add_node_type({.name = "shop"});
  other.from_event.push_back(0);
  try {
    GraphStore::open(folder / "store", other);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(
        error.what(),
        HasSubstr("node types were [user, item, review, tag] and are now [user, item, review, tag, shop]"));
  }
}

TEST(GraphStore, AnEmptyStoreTakesAnotherSchema) {
  const test::TempFolder folder;
  StoreSchema other = small_schema();
  other.graph.add_node_type({.name = "shop"});
  other.from_event.push_back(0);
  { GraphStore::open(folder / "store", other); }
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  store.apply({.events = {buy(1, "u", "i", 5)}});
  EXPECT_EQ(store.schema(), small_schema());
  EXPECT_TRUE(verify_store(store).ok());
}

TEST(GraphStore, AnotherProcessMayReadButNotWrite) {
  const test::TempFolder folder;
  int to_child[2], to_parent[2];
  ASSERT_EQ(::pipe(to_child), 0);
  ASSERT_EQ(::pipe(to_parent), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 0;
    GraphStore store = GraphStore::open(folder / "store", small_schema());
    store.apply({.events = {buy(1, "u", "i", 5)}});
    (void)!::write(to_parent[1], "x", 1);
    (void)!::read(to_child[0], &byte, 1);
    store.apply({.events = {buy(2, "u", "j", 6)}});
    (void)!::write(to_parent[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(to_parent[0], &byte, 1), 1);
  try {
    GraphStore::open(folder / "store", small_schema());
    ADD_FAILURE() << "two writers";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("the store is held by process " + std::to_string(child)));
  }
  GraphStore reader = GraphStore::open_reader(folder / "store");
  EXPECT_EQ(reader.info().edge_counts[kBuys], 1U);
  EXPECT_THROW(reader.apply({}), Error);
  ASSERT_EQ(::write(to_child[1], "x", 1), 1);
  ASSERT_EQ(::read(to_parent[0], &byte, 1), 1);
  EXPECT_EQ(reader.neighbours({kUser, 0}, graph::outgoing_relation(kBuys), 9).size(), 1U);
  reader.catch_up();
  EXPECT_EQ(reader.info().sequence, 2U);
  EXPECT_EQ(reader.neighbours({kUser, 0}, graph::outgoing_relation(kBuys), 9).size(), 2U);
  EXPECT_TRUE(verify_store(reader).ok());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  GraphStore writer = GraphStore::open(folder / "store", small_schema());
  EXPECT_EQ(writer.info().sequence, 2U) << "what was acknowledged survives kill -9";
}

TEST(GraphStore, AnAbsentStoreIsAClearError) {
  const test::TempFolder folder;
  EXPECT_THROW(GraphStore::open_reader(folder / "none"), Error);
  EXPECT_THROW(GraphStore::open_existing(folder / "none"), Error);
  EXPECT_FALSE(std::filesystem::exists(folder / "none"));
}

TEST(GraphStore, AFailureBeforeTheWriteLeavesTheStoreAsItWas) {
  const test::TempFolder folder;
  FaultFiles files(real_files());
  GraphStore store = GraphStore::open(folder / "store", small_schema(), {}, files);
  files.on_kill_point([](std::string_view name) {
    if (name == "apply.before_write") throw Error("injected");
  });
  EXPECT_THROW(store.apply({.events = {buy(1, "u", "i", 5)}}), Error);
  EXPECT_THROW(store.apply({.events = {buy(2, "u", "i", 6)}}), Error) << "must be opened again";
  { const GraphStore moved = std::move(store); }
  EXPECT_EQ(GraphStore::open(folder / "store", small_schema()).info().sequence, 0U);
}

}  // namespace
}  // namespace weft::storage
