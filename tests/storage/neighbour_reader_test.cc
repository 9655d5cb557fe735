#include "storage/neighbour_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>
#include <tuple>

#include "base/error.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

// Every row of every relation, newest first, in a map.
class Rows {
 public:
  explicit Rows(const GraphStore& store) {
    const graph::GraphTables tables = store.tables("");
    for (std::size_t t = 0; t < tables.edges.size(); ++t) {
      const auto type = static_cast<graph::EdgeTypeId>(t);
      const graph::EdgeList& list = tables.edges[t];
      for (std::size_t e = 0; e < list.size(); ++e) {
        Neighbour edge{.node = list.to[e],
                       .time = list.times.empty() ? graph::kNoTime : list.times[e],
                       .event = list.events[e],
                       .weight = list.weights.empty() ? 1.0F : list.weights[e],
                       .source = list.sources[e]};
        rows_[{graph::outgoing_relation(type), list.from[e]}].push_back(edge);
        edge.node = list.from[e];
        rows_[{graph::incoming_relation(type), list.to[e]}].push_back(edge);
      }
    }
    for (auto& [key, row] : rows_) {
      std::sort(row.begin(), row.end(), [](const Neighbour& a, const Neighbour& b) {
        return std::tuple(b.time, b.node, b.event) < std::tuple(a.time, a.node, a.event);
      });
    }
  }

  std::vector<Neighbour> newest(graph::NodeId node, graph::RelationId relation, std::size_t limit,
                                graph::TimeMs before, bool timed) const {
    std::vector<Neighbour> out;
    const auto row = rows_.find({relation, node});
    if (row == rows_.end()) return out;
    for (const Neighbour& edge : row->second) {
      if (out.size() < limit && (!timed || edge.time < before)) out.push_back(edge);
    }
    return out;
  }

 private:
  std::map<std::pair<graph::RelationId, graph::NodeId>, std::vector<Neighbour>> rows_;
};

graph::TimeMs some_bound(std::mt19937_64& random) {
  return std::vector<graph::TimeMs>{graph::kEndOfTime, graph::kNoTime, 0,
                                    static_cast<graph::TimeMs>(random() % 1100)}[random() % 4];
}

std::vector<Neighbour> listed(std::span<const Neighbour> list) {
  return {list.begin(), list.end()};
}

TEST(NeighbourReader, EqualsAMapAndALoop) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  store.apply({.events = random_events(3000, 4)});
  const Rows rows(store);
  NeighbourReader reader(store);
  std::mt19937_64 random(5);
  for (int i = 0; i < 1000; ++i) {
    const auto relation = static_cast<graph::RelationId>(random() % 8);
    const bool timed = store.schema().graph.edge_type(graph::edge_type_of(relation)).timed;
    const graph::NodeRef node{store.schema().graph.row_type(relation),
                              static_cast<graph::NodeId>(random() % 70)};
    const graph::TimeMs before = some_bound(random);
    const std::size_t limit = random() % 20;
    const auto wanted = rows.newest(node.id, relation, limit, before, timed);
    ASSERT_EQ(listed(reader.newest(node, relation, limit, before)), wanted) << "pass " << i;
    ASSERT_EQ(store.neighbours(node, relation, limit, before), wanted) << "pass " << i;
  }
  EXPECT_THROW(reader.newest({kItem, 0}, graph::outgoing_relation(kBuys), 5), Error);
  EXPECT_THROW(reader.newest({kItem, 0}, 99, 5), Error);
}

TEST(NeighbourReader, ManyNodesAtOnceEqualOneByOne) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  store.apply({.events = random_events(3000, 6)});
  const Rows rows(store);
  NeighbourReader reader(store);
  NeighbourLists lists;
  std::mt19937_64 random(7);
  for (int i = 0; i < 200; ++i) {
    const auto relation = static_cast<graph::RelationId>(random() % 8);
    const bool timed = store.schema().graph.edge_type(graph::edge_type_of(relation)).timed;
    const std::size_t limit = random() % 20;
    std::vector<graph::NodeId> nodes(random() % 80);  // some of them not there, some twice
    for (graph::NodeId& node : nodes) node = static_cast<graph::NodeId>(random() % 70);
    if (random() % 3 == 0) std::sort(nodes.begin(), nodes.end());
    std::vector<graph::TimeMs> before;
    if (random() % 2 == 0) {
      for (std::size_t n = 0; n < nodes.size(); ++n) before.push_back(some_bound(random));
    }
    reader.newest(nodes, relation, limit, before, lists);
    ASSERT_EQ(lists.size(), nodes.size());
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      ASSERT_EQ(listed(lists[n]),
                rows.newest(nodes[n], relation, limit, before.empty() ? graph::kEndOfTime : before[n], timed))
          << "pass " << i << ", node " << n;
    }
  }
  EXPECT_THROW(reader.newest(std::vector<graph::NodeId>{0}, 99, 5, {}, lists), Error);
}

TEST(NeighbourReader, StandsStillUntilItIsRefreshed) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  store.apply({.events = {buy(1, "u", "i", 10)}});
  NeighbourReader reader(store);
  const auto count = [&](NeighbourReader& of, graph::NodeTypeId type, graph::RelationId relation) {
    return of.newest({type, 0}, relation, 100).size();
  };
  const auto out = graph::outgoing_relation(kBuys), in = graph::incoming_relation(kBuys);
  store.apply({.events = {buy(2, "u", "i", 5), buy(3, "u", "j", 20)}});  // one of them late
  EXPECT_EQ(count(reader, kUser, out), 1U);
  EXPECT_EQ(count(reader, kItem, in), 1U);
  EXPECT_EQ(store.neighbours({kUser, 0}, out, 100).size(), 3U);
  reader.refresh();
  EXPECT_EQ(count(reader, kUser, out), 3U);
  EXPECT_EQ(count(reader, kItem, in), 2U);

  // Beside the writer: where the other store was opened, then where it caught up.
  GraphStore beside = GraphStore::open_reader(folder / "store");
  NeighbourReader follower(beside);
  store.apply({.events = {buy(4, "u", "i", 30)}});
  follower.refresh();
  EXPECT_EQ(count(follower, kUser, out), 3U);
  beside.catch_up();
  follower.refresh();
  EXPECT_EQ(count(follower, kUser, out), 4U);
  EXPECT_EQ(follower.newest({kUser, 0}, out, 1)[0].time, 30);
}

// Hop by hop as serving reads them: the newest of the newest.
TEST(NeighbourReader, TwoHops) {
  const test::TempFolder folder;
  GraphStore store = GraphStore::open(folder / "store", small_schema());
  store.apply({.events = random_events(3000, 8)});
  const Rows rows(store);
  NeighbourReader reader(store);
  NeighbourLists second;
  const auto out = graph::outgoing_relation(kBuys), in = graph::incoming_relation(kBuys);
  std::size_t read = 0;
  for (graph::NodeId seed = 0; seed < 50; ++seed) {
    const std::vector<Neighbour> first = listed(reader.newest({kUser, seed}, out, 15, 900));
    ASSERT_EQ(first, rows.newest(seed, out, 15, 900, true));
    std::vector<graph::NodeId> nodes;
    std::vector<graph::TimeMs> before;  // what each purchase could know of
    for (const Neighbour& each : first) {
      nodes.push_back(each.node);
      before.push_back(each.time);
    }
    reader.newest(nodes, in, 10, before, second);
    ASSERT_EQ(second.size(), first.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      ASSERT_EQ(listed(second[i]), rows.newest(nodes[i], in, 10, before[i], true));
      read += second[i].size();
    }
  }
  EXPECT_GT(read, 500U);
}

constexpr int kStreamed = 12'000;

// The i-th purchase of a stream: any of few users and items, one time in four late.
graph::Event streamed(int i) {
  std::mt19937_64 random(static_cast<std::uint64_t>(i) + 1);
  const graph::TimeMs time = random() % 4 == 0 ? static_cast<graph::TimeMs>(random() % 1000) : 1000 + i;
  return buy(static_cast<graph::EventId>(i) + 1, fmt::format("u{}", random() % 20),
             fmt::format("i{}", random() % 30), time);
}

// What the first `count` purchases of the stream make of a user's row, newest first.
std::vector<Neighbour> streamed_row(int count, const std::string& user) {
  std::map<std::string, graph::NodeId> items;
  std::vector<Neighbour> row;
  for (int i = 0; i < count; ++i) {
    const graph::Event event = streamed(i);
    const graph::EdgeEvent& edge = event.edges[0];
    const auto item = items.emplace(edge.to, static_cast<graph::NodeId>(items.size())).first->second;
    if (edge.from == user) row.push_back({.node = item, .time = edge.time, .event = event.id});
  }
  std::sort(row.begin(), row.end(), [](const Neighbour& a, const Neighbour& b) {
    return std::tuple(b.time, b.node, b.event) < std::tuple(a.time, a.node, a.event);
  });
  return row;
}

constexpr int kBatch = 20;
constexpr int kPause =
    kStreamed / 8;  // purchases after which the writer waits until the reader has seen them

std::filesystem::path seen_file(const std::string& folder, int pause) {
  return folder + ".seen" + std::to_string(pause);
}

// Not a test of its own: what the other process of the next one runs.
TEST(NeighbourReader, DISABLED_WritesAStream) {
  const char* folder = std::getenv("WEFT_TEST_STORE");
  ASSERT_NE(folder, nullptr);
  GraphStore store = GraphStore::open(folder, small_schema(), {.write_buffer_bytes = 64 << 10});
  for (int i = 0; i < kStreamed; i += kBatch) {
    for (int tries = 0; i > 0 && i % kPause == 0 && !std::filesystem::exists(seen_file(folder, i / kPause));
         ++tries) {
      ASSERT_LT(tries, 60'000) << "the reader has ended";
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EventBatch batch;
    for (int each = i; each < i + kBatch; ++each) batch.events.push_back(streamed(each));
    store.apply(batch);
    if (i == 0) std::ofstream(std::string(folder) + ".ready") << "x";
  }
}

// Another process ingests, flushes and compacts; each read here shows a whole number of its batches.
TEST(NeighbourReader, ReadsWhileAnotherProcessIngests) {
  const test::TempFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    // As a program of its own: RocksDB's threads do not outlive a fork.
    ::setenv("WEFT_TEST_STORE", (folder / "store").c_str(), 1);
    ::execl("/proc/self/exe", "storage_test", "--gtest_also_run_disabled_tests",
            "--gtest_filter=NeighbourReader.DISABLED_WritesAStream", nullptr);
    ::_exit(127);
  }
  int status = 0;
  while (!std::filesystem::exists(folder / "store.ready")) {
    ASSERT_EQ(::waitpid(child, &status, WNOHANG), 0) << "it ended at once";
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  GraphStore beside = GraphStore::open_reader(folder / "store");
  NeighbourReader reader(beside);
  int seen = 0, states = 0, pauses = 0;
  bool running = true;
  while (running) {
    running = ::waitpid(child, &status, WNOHANG) == 0;
    beside.catch_up();
    reader.refresh();
    const int now = static_cast<int>(beside.info().sequence);
    if (now == seen && running) continue;
    ASSERT_GE(now, seen);
    ASSERT_EQ(now % kBatch, 0);
    seen = now;
    ++states;
    while ((pauses + 1) * kPause <= seen)
      std::ofstream(seen_file((folder / "store").string(), ++pauses)) << "x";
    const std::string user = fmt::format("u{}", states % 20);
    const auto node = beside.find_node(kUser, user);
    auto wanted = streamed_row(now, user);
    ASSERT_EQ(node.has_value(), !wanted.empty());
    if (!node) continue;
    const std::size_t limit = states % 2 == 0 ? 15 : wanted.size() + 1;
    wanted.resize(std::min(limit, wanted.size()));
    ASSERT_EQ(listed(reader.newest({kUser, *node}, graph::outgoing_relation(kBuys), limit)), wanted)
        << "after " << now << " purchases, " << user;
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(seen, kStreamed);
  EXPECT_GE(states, kStreamed / kPause);
}

}  // namespace
}  // namespace weft::storage
