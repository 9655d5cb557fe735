// Deletions against an obvious oracle: all rows of the stream in a list, and for each edge the question
// whether a deletion reaches it.
#include "storage/batch_deletions.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/hash.h"
#include "graph/compaction.h"
#include "storage/change_log.h"
#include "storage/forget.h"
#include "storage/store_impl.h"
#include "storage/verify.h"
#include "tests/graph/random_graph.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::IsEmpty;

enum : graph::EdgeTypeId { kReviewTag = kItemTag + 1 };

// small_schema(), and reviews have tags.
StoreSchema review_schema() {
  StoreSchema schema = small_schema();
  schema.graph.add_edge_type({.name = "review_tag", .from = kReview, .to = kTag});
  schema.attribute.push_back(1);
  return schema;
}

graph::Event unbuy(const std::string& user, const std::string& item, graph::TimeMs time) {
  return {.id = hash64(fmt::format("{} {} {}", user, item, time)) | 1,
          .edges = {{.type = kBuys, .from = user, .to = item, .time = time, .deletes = true}}};
}

graph::Event befriend(graph::EventId id, const std::string& a, const std::string& b, bool deletes = false) {
  return {.id = id, .edges = {{.type = kFriend, .from = a, .to = b, .deletes = deletes}}};
}

// A purchase with a review of the same row, and the review's tags.
graph::Event rating(graph::EventId id, const std::string& user, const std::string& item, graph::TimeMs time) {
  graph::Event event = buy(id, user, item, time, 2);
  event.nodes.push_back(
      {.type = kReview, .external_id = to_hex(id), .fields = {std::string("body")}, .time = time});
  event.edges.push_back({.type = kAbout, .from = to_hex(id), .to = item, .time = time});
  event.edges.push_back({.type = kReviewTag, .from = to_hex(id), .to = fmt::format("t{}", id % 3)});
  return event;
}

// Few users and items, so that pairs meet again; every fifth event repeats an earlier one, deletions too.
std::vector<graph::Event> random_stream(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto user = [&] { return fmt::format("u{}", random() % 6); };
  const auto item = [&] { return fmt::format("i{}", random() % 5); };
  std::vector<graph::Event> events;
  while (events.size() < count) {
    if (!events.empty() && random() % 5 == 0) {
      events.push_back(events[random() % events.size()]);
      continue;
    }
    const graph::EventId id = random() | 1;
    const auto time = static_cast<graph::TimeMs>(random() % 12);
    switch (random() % 8) {
      case 0:
      case 1:
        events.push_back(unbuy(user(), item(), time));
        // Those at one time come three times as often, as they reach less.
        events.back().edges[0].at_time_only = random() % 4 != 0;
        break;
      case 2:
      case 3:
        events.push_back(rating(id, user(), item(), time));
        break;
      case 4:
        events.push_back(befriend(id, user(), user(), true));
        break;
      case 5:
        events.push_back(befriend(id, user(), user()));
        break;
      case 6: {  // a row with edges of both kinds; the untimed one says whether it came before
        graph::Event both = befriend(id, user(), user());
        both.edges.push_back({.type = kBuys, .from = both.edges[0].from, .to = item(), .time = time});
        events.push_back(std::move(both));
        break;
      }
      default:
        events.push_back(buy(id, user(), item(), time, static_cast<double>(random() % 4)));
    }
    events.back().source = static_cast<std::uint16_t>(random() % 3);
  }
  return events;
}

struct Edge {
  graph::EdgeTypeId type;
  std::string from, to;
  graph::TimeMs time;
  graph::EventId event;
  auto operator<=>(const Edge&) const = default;
};

// What stands after all of the stream.
class Oracle {
 public:
  explicit Oracle(const std::vector<graph::Event>& events) : events_(events) {}

  std::set<Edge> standing() const {
    std::set<Edge> out;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (is_repeat(i)) continue;
      const bool taken_back = loses_its_purchase(events_[i]);
      for (const graph::EdgeEvent& edge : events_[i].edges) {
        if (edge.deletes) continue;
        const bool at_review = edge.type == kAbout || edge.type == kReviewTag;
        if (at_review ? taken_back : is_deleted(i, edge)) continue;
        out.insert({edge.type, edge.from, edge.to, edge.time, events_[i].id});
        if (edge.type == kFriend) out.insert({edge.type, edge.to, edge.from, edge.time, events_[i].id});
      }
    }
    return out;
  }

 private:
  static bool same_pair(const graph::EdgeEvent& a, const graph::EdgeEvent& b) {
    if (a.type != b.type) return false;
    return (a.from == b.from && a.to == b.to) || (a.type == kFriend && a.from == b.to && a.to == b.from);
  }

  // Timed: by any deletion of the stream. Untimed: by one that comes later.
  bool is_deleted(std::size_t at, const graph::EdgeEvent& edge) const {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      for (const graph::EdgeEvent& other : events_[i].edges) {
        if (!other.deletes || !same_pair(edge, other)) continue;
        if (edge.type == kFriend ? i > at
            : other.at_time_only ? edge.time == other.time
                                 : edge.time <= other.time)
          return true;
      }
    }
    return false;
  }

  bool loses_its_purchase(const graph::Event& event) const {
    return std::any_of(event.edges.begin(), event.edges.end(), [&](const graph::EdgeEvent& edge) {
      return edge.type == kBuys && !edge.deletes && is_deleted(0, edge);
    });
  }

  // It came before, and its first edge was not deleted since, if that is an untimed one.
  bool is_repeat(std::size_t at) const {
    const graph::Event& event = events_[at];
    if (event.edges.empty() || event.edges[0].deletes) return false;
    bool there = false;
    for (std::size_t i = 0; i < at; ++i) {
      if (events_[i].id == event.id && !events_[i].edges[0].deletes) there = true;
      if (event.edges[0].type != kFriend) continue;
      for (const graph::EdgeEvent& other : events_[i].edges) {
        if (other.deletes && same_pair(event.edges[0], other)) there = false;
      }
    }
    return there;
  }

  const std::vector<graph::Event>& events_;
};

std::set<Edge> edges_of(const GraphStore& store) {
  const graph::GraphTables tables = store.tables("");
  std::set<Edge> out;
  for (std::size_t type = 0; type < tables.edges.size(); ++type) {
    const graph::EdgeType& edge_type = tables.schema.edge_types()[type];
    const graph::EdgeList& list = tables.edges[type];
    for (std::size_t i = 0; i < list.size(); ++i)
      out.insert({static_cast<graph::EdgeTypeId>(type),
                  tables.nodes[edge_type.from].external_ids[list.from[i]],
                  tables.nodes[edge_type.to].external_ids[list.to[i]],
                  list.times.empty() ? graph::kNoTime : list.times[i], list.events[i]});
  }
  return out;
}

// Deletions and deleted edges, by key.
std::map<std::string, std::string> entries(const GraphStore& store) {
  std::map<std::string, std::string> out;
  for (PrefixScan scan(store.impl(), kMeta, "delet"); scan.valid(); scan.next())
    out.emplace(scan.key(), scan.value());
  return out;
}

ApplyResult operator+(ApplyResult a, const ApplyResult& b) {
  a.new_edges.resize(b.new_edges.size());
  a.deleted_edges.resize(b.deleted_edges.size());
  for (std::size_t i = 0; i < b.new_edges.size(); ++i) a.new_edges[i] += b.new_edges[i];
  for (std::size_t i = 0; i < b.deleted_edges.size(); ++i) a.deleted_edges[i] += b.deleted_edges[i];
  a.duplicate_events += b.duplicate_events;
  a.deletions += b.deletions;
  a.deletions_of_nothing += b.deletions_of_nothing;
  return a;
}

// In batches of up to `most` events, by random cuts.
ApplyResult apply_cut(GraphStore& store, const std::vector<graph::Event>& events, std::size_t most,
                      std::uint64_t seed) {
  std::mt19937_64 random(seed);
  ApplyResult sum;
  for (std::size_t at = 0; at < events.size();) {
    const std::size_t next = at + 1 + random() % most;
    sum = sum + store.apply(slice_of(events, at, next));
    at = next;
  }
  return sum;
}

std::string counts_text(const ApplyResult& sum) {
  return fmt::format("{} new, {} deleted, {} repeats, {} deletions, {} of nothing\n",
                     fmt::join(sum.new_edges, " "), fmt::join(sum.deleted_edges, " "), sum.duplicate_events,
                     sum.deletions, sum.deletions_of_nothing);
}

TEST(Deletions, EqualTheOracleOnRandomStreams) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const test::TempFolder folder;
    const auto events = random_stream(150, seed);
    GraphStore store =
        GraphStore::open(folder / "store", review_schema(),
                         {.sync = Sync::kNever, .dictionary_cache_entries = seed % 2 == 0 ? 4U : 1000U});
    const ApplyResult sum = apply_cut(store, events, 1 + seed * 3, seed);
    std::set<Edge> found = edges_of(store);
    const std::set<Edge> wanted = Oracle(events).standing();
    EXPECT_TRUE(found == wanted) << found.size() << " for " << wanted.size();
    ASSERT_THAT(verify_store(store).problems, IsEmpty());
    for (const graph::EdgeTypeId type : {kBuys, kFriend, kAbout})
      EXPECT_EQ(store.info().edge_counts[type], sum.new_edges[type] - sum.deleted_edges[type]);
    EXPECT_GT(sum.deletions, sum.deletions_of_nothing);
    EXPECT_EQ(store.info().format, kDeletingFormat);
  }
}

TEST(Deletions, BatchesMayBeCutAnywhere) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const auto events = random_stream(200, 100 + seed);
    std::set<std::string> dumps;
    for (const std::size_t most : {1U, 2U, 9U, 60U, 1000U}) {
      const test::TempFolder folder;
      GraphStore store = GraphStore::open(folder / "store", review_schema(), {.sync = Sync::kNever});
      const ApplyResult sum = apply_cut(store, events, most, seed + most);
      std::string text = counts_text(sum) + dump(store);
      for (const auto& [key, value] : entries(store))
        text += fmt::format("{:x} {:x}\n", hash64(key), hash64(value));
      dumps.insert(text);
    }
    EXPECT_EQ(dumps.size(), 1U);
  }
}

// Of timed types. The nodes come first, as they are numbered in the order in which they appear.
TEST(Deletions, TheOrderOfRowsDoesNotMatterWhereTheyHaveTimes) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<graph::Event> events = random_stream(150, 200 + seed);
    std::erase_if(events, [](const graph::Event& event) { return event.edges[0].type == kFriend; });
    // Of equal rows the first counts, and its source stays: the same for all of them.
    for (graph::Event& event : events) event.source = 1;
    std::set<std::string> dumps;
    for (int order = 0; order < 5; ++order) {
      const test::TempFolder folder;
      GraphStore store = GraphStore::open(folder / "store", review_schema(), {.sync = Sync::kNever});
      std::vector<graph::Event> nodes = random_stream(150, 200 + seed);
      EventBatch batch = with_sources({});
      for (const graph::Event& event : nodes) {
        graph::Event only_nodes{.nodes = event.nodes};
        for (const graph::EdgeEvent& edge : event.edges) {
          const graph::EdgeType& type = store.schema().graph.edge_type(edge.type);
          if (type.from != kReview) only_nodes.nodes.push_back({.type = type.from, .external_id = edge.from});
          only_nodes.nodes.push_back({.type = type.to, .external_id = edge.to});
        }
        std::erase_if(only_nodes.nodes, [](const auto& node) { return node.type == kReview; });
        batch.events.push_back(std::move(only_nodes));
      }
      store.apply(batch);
      apply_cut(store, events, 30, seed);
      std::string text;
      for (const Edge& edge : edges_of(store))
        text += fmt::format("{} {} {} {} {:x}\n", edge.type, edge.from, edge.to, edge.time, edge.event);
      for (const auto& [key, value] : entries(store)) {
        if (key.starts_with("deletion")) text += fmt::format("{:x} {:x}\n", hash64(key), hash64(value));
      }
      text += fmt::format("{}", fmt::join(store.info().deleted_edges, " "));
      dumps.insert(text);
      std::shuffle(events.begin(), events.end(), random);
    }
    EXPECT_EQ(dumps.size(), 1U);
  }
}

// Byte for byte the snapshot of a store that never saw what was deleted.
TEST(Deletions, TheSnapshotIsThatOfTheRowsThatSurvive) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const graph::TestFolder folder;
    std::vector<graph::Event> events = random_stream(200, 300 + seed);
    std::erase_if(events,
                  [](const graph::Event& event) { return !event.nodes.empty() || event.edges.size() > 1; });
    const std::set<Edge> standing = Oracle(events).standing();
    std::vector<graph::Event> all, survivors;
    for (int i = 0; i < 6; ++i) {
      for (const graph::NodeTypeId type : {kUser, kItem})
        all.push_back({.nodes = {{.type = type,
                                  .external_id = fmt::format("{}{}", type == kUser ? "u" : "i", i),
                                  .time = -1}}});
    }
    survivors = all;
    for (std::size_t i = 0; i < events.size(); ++i) {
      all.push_back(events[i]);
      const graph::EdgeEvent& edge = events[i].edges[0];
      if (edge.deletes || !standing.contains({edge.type, edge.from, edge.to, edge.time, events[i].id}))
        continue;
      // In an untimed type rows before the last deletion do not survive, though an equal one behind it does.
      const bool deleted_later = std::any_of(
          events.begin() + static_cast<std::ptrdiff_t>(i), events.end(), [&](const graph::Event& later) {
            const graph::EdgeEvent& other = later.edges[0];
            return other.deletes && other.type == edge.type && edge.type == kFriend &&
                   ((other.from == edge.from && other.to == edge.to) ||
                    (other.from == edge.to && other.to == edge.from));
          });
      if (!deleted_later) survivors.push_back(events[i]);
    }
    GraphStore with = GraphStore::open(folder / "with", review_schema(), {.sync = Sync::kNever});
    GraphStore without = GraphStore::open(folder / "without", review_schema(), {.sync = Sync::kNever});
    apply_cut(with, all, 40, seed);
    apply_cut(without, survivors, 40, seed);
    EXPECT_LT(survivors.size(), all.size());
    EXPECT_EQ(with.write_snapshot(folder / "a", "root").checksum,
              without.write_snapshot(folder / "b", "root").checksum);
  }
}

TEST(Deletions, DeltasHoldThem) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    const graph::TestFolder folder;
    const auto events = random_stream(400, 400 + seed);
    GraphStore store = GraphStore::open(folder / "store", review_schema());
    store.apply(slice_of(events, 0, 150));
    store.write_snapshot(folder / "base", "root");
    keep_changes_from(store, store.info().sequence);
    for (std::size_t at = 150; at < events.size(); at += 70) {
      store.apply(slice_of(events, at, at + 70));
      const auto delta = changes_since(store, graph::read_delta_base(folder / "base"));
      ASSERT_TRUE(delta.has_value());
      const graph::LiveView live(graph::Snapshot::open(folder / "base"), *delta);
      std::filesystem::remove_all(folder / "compacted");
      std::filesystem::remove_all(folder / "wanted");
      graph::compact(live, folder / "compacted", "root");
      store.write_snapshot(folder / "wanted", "root");
      EXPECT_EQ(graph::folder_content(folder / "compacted"), graph::folder_content(folder / "wanted"));
      EXPECT_THAT(verify_store(store).problems, IsEmpty());
    }
  }
}

TEST(Deletions, LiveReadsDoNotSeeWhatWasDeleted) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  store.apply(with_sources({buy(1, "u", "i", 10), buy(3, "u", "i", 20), buy(5, "u", "j", 15)}));
  const ApplyResult result = store.apply({.events = {unbuy("u", "i", 15)}});
  EXPECT_EQ(result.deleted_edges[kBuys], 1U);
  const auto left = store.neighbours({kUser, 0}, graph::outgoing_relation(kBuys), 10);
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].time, 20);
  EXPECT_EQ(left[1].time, 15);
  EXPECT_EQ(store.neighbours({kItem, 0}, graph::incoming_relation(kBuys), 10).size(), 1U);
  // Again, before the deletion's time, at it, and after it.
  EXPECT_EQ(store.apply({.events = {unbuy("u", "i", 15)}}).deletions_of_nothing, 1U);
  EXPECT_EQ(store.apply({.events = {buy(1, "u", "i", 10)}}).duplicate_events, 1U);
  EXPECT_EQ(store.apply({.events = {buy(7, "u", "i", 15)}}).deleted_edges[kBuys], 1U);
  EXPECT_EQ(store.apply({.events = {buy(7, "u", "i", 15)}}).duplicate_events, 1U);
  EXPECT_EQ(store.apply({.events = {buy(9, "u", "i", 16)}}).deleted_edges[kBuys], 0U);
  EXPECT_EQ(store.info().edge_counts[kBuys], 3U);
  EXPECT_EQ(store.info().deleted_edges[kBuys], 2U);
  // All of it is there after opening again, for readers as well.
  const GraphStore reader = GraphStore::open_reader(folder / "store");
  EXPECT_EQ(reader.info().deleted_edges, store.info().deleted_edges);
  EXPECT_THAT(verify_store(reader).problems, IsEmpty());
}

TEST(Deletions, AFriendshipComesBackWithALaterRow) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  // The same row, deleted and given again, in one batch and in several.
  store.apply(with_sources({befriend(1, "a", "b"), befriend(3, "b", "a", true), befriend(1, "a", "b")}));
  EXPECT_EQ(store.info().edge_counts[kFriend], 2U);
  EXPECT_EQ(store.apply({.events = {befriend(1, "a", "b")}}).duplicate_events, 1U);
  EXPECT_EQ(store.apply({.events = {befriend(3, "b", "a", true)}}).deleted_edges[kFriend], 2U);
  EXPECT_EQ(store.info().edge_counts[kFriend], 0U);
  store.apply({.events = {befriend(1, "a", "b"), befriend(1, "a", "b")}});
  EXPECT_EQ(store.info().edge_counts[kFriend], 2U);
  EXPECT_THAT(verify_store(store).problems, IsEmpty());
}

TEST(Deletions, OneAtATimeTakesNoOther) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  graph::Event deletion = unbuy("u", "i", 20);
  deletion.edges[0].at_time_only = true;
  store.apply(with_sources({buy(1, "u", "i", 10), buy(3, "u", "i", 20), deletion, buy(5, "u", "i", 30)}));
  EXPECT_EQ(store.info().edge_counts[kBuys], 2U);
  EXPECT_EQ(store.apply({.events = {buy(7, "u", "i", 20)}}).deleted_edges[kBuys], 1U);
  EXPECT_EQ(store.apply({.events = {deletion}}).deletions_of_nothing, 1U);
  EXPECT_EQ(store.impl().deletions.deletions[kBuys], 1U);
  EXPECT_THAT(verify_store(store).problems, IsEmpty());
  graph::Event untimed = befriend(9, "u", "v", true);
  untimed.edges[0].at_time_only = true;
  EXPECT_THROW(store.apply({.events = {untimed}}), Error);
}

TEST(Deletions, AsNodeEdgesCannotBeDeleted) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  graph::Event event{.id = 5, .edges = {{.type = kItemTag, .from = "i", .to = "t", .deletes = true}}};
  EXPECT_THROW(store.apply({.events = {event}}), Error);
  EXPECT_EQ(store.info().sequence, 0U);
}

// A review whose purchase was deleted hangs on nothing any more, and is found all the same.
TEST(Deletions, ForgettingTakesWhatWasDeletedToo) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", review_schema());
  graph::Event at_time = unbuy("ann", "cup", 8);
  at_time.edges[0].at_time_only = true;
  store.apply(
      with_sources({rating(11, "ann", "tea", 10), rating(13, "bob", "tea", 12), unbuy("ann", "tea", 11),
                    unbuy("ann", "cup", 40), unbuy("bob", "tea", 20), at_time}));
  ASSERT_TRUE(store.find_node(kReview, to_hex(11)));
  ASSERT_EQ(store.impl().deletions.deletions[kBuys], 4U);
  const ForgetReport report = forget_node(store, kUser, "ann", {});
  EXPECT_EQ(report.nodes[kReview], 1U);
  EXPECT_FALSE(store.find_node(kReview, to_hex(11)));
  EXPECT_TRUE(store.find_node(kReview, to_hex(13)));
  EXPECT_EQ(store.impl().deletions.deletions[kBuys], 1U);
  EXPECT_EQ(store.impl().deletions.deleted[kBuys], 1U);
  EXPECT_EQ(store.info().format, kDeletingFormat);
  EXPECT_THAT(verify_store(store).problems, IsEmpty());
  EXPECT_EQ(store.apply({.events = {unbuy("ann", "tea", 50)}}).forgotten_events, 1U);
}

}  // namespace
}  // namespace weft::storage
