#include "graph/pair_events.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "graph/split.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

constexpr EdgeTypeId kBuys = 0, kViews = 6;

using Flat = std::tuple<NodeId, NodeId, TimeMs, EventId>;

// The same by maps and loops: all users and items that the edges of an event touch.
std::vector<Flat> expected_events(const Snapshot& snapshot) {
  std::set<std::pair<NodeId, NodeId>> bought;
  std::set<EventId> own;
  std::map<EventId, std::set<NodeId>> users, items;
  std::map<EventId, TimeMs> times;
  std::map<EventId, std::set<std::pair<NodeId, NodeId>>> direct;
  for (std::size_t t = 0; t < snapshot.schema().edge_types().size(); ++t) {
    const auto type = static_cast<EdgeTypeId>(t);
    const EdgeType& edge_type = snapshot.schema().edge_type(type);
    const CsrView out = snapshot.outgoing(type);
    const auto rows = snapshot.edge_rows(type);
    for (EdgeId e = 0; e < out.edges(); ++e) {
      const EventId event = snapshot.edge_columns(type).events[e];
      if (type == kBuys) {
        bought.emplace(rows[e], out.targets[e]);
        own.insert(event);
        continue;
      }
      if (event == kNoEvent) continue;
      const auto touch = [&](NodeTypeId end, NodeId node) {
        if (end == snapshot.schema().edge_type(kBuys).from) users[event].insert(node);
        if (end == snapshot.schema().edge_type(kBuys).to) items[event].insert(node);
      };
      touch(edge_type.from, rows[e]);
      touch(edge_type.to, out.targets[e]);
      if (type == kViews) direct[event].emplace(rows[e], out.targets[e]);
      const TimeMs time = out.times.empty() ? kNoTime : out.times[e];
      const auto [at, added] = times.emplace(event, time);
      if (!added) at->second = std::max(at->second, time);
    }
  }
  std::set<Flat> expected;
  for (const auto& [event, time] : times) {
    if (own.contains(event)) continue;
    std::set<std::pair<NodeId, NodeId>> pairs = direct[event];
    if (!users[event].empty() && !items[event].empty())
      pairs.emplace(*users[event].rbegin(), *items[event].rbegin());
    for (const auto& [from, to] : pairs) {
      if (bought.contains({from, to})) expected.emplace(from, to, time, event);
    }
  }
  return {expected.begin(), expected.end()};
}

TEST(PairEvents, EqualMapsAndLoops) {
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    TestFolder folder;
    write_snapshot(random_shop(seed), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    std::vector<Flat> got;
    for (const PairEvent& e : pair_events(snapshot, kBuys)) got.emplace_back(e.from, e.to, e.time, e.event);
    EXPECT_EQ(got, expected_events(snapshot)) << "seed " << seed;
    found += got.size();
  }
  EXPECT_GT(found, 0u);
}

// A cart and a review (two edges, by another file's row) of a purchase that is held out, and a view before
// it.
TEST(PairEvents, WhatTellsOfAHeldOutPurchaseIsHeldOutWithIt) {
  GraphTables tables;
  const auto user = tables.schema.add_node_type({.name = "user"});
  const auto item = tables.schema.add_node_type({.name = "item"});
  const auto review = tables.schema.add_node_type({.name = "review"});
  tables.schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true});
  tables.schema.add_edge_type({.name = "carts", .from = user, .to = item, .timed = true});
  tables.schema.add_edge_type({.name = "wrote", .from = user, .to = review, .timed = true});
  tables.schema.add_edge_type({.name = "about", .from = review, .to = item, .timed = false});
  tables.info.store_uuid = "0123456789abcdef0123456789abcdef";
  tables.info.source_files = {"log.csv"};
  for (const std::size_t count : {1, 3, 1}) {
    NodeTable nodes;
    for (std::size_t i = 0; i < count; ++i) nodes.external_ids.push_back(std::to_string(i));
    nodes.first_seen.assign(count, kNoTime);
    nodes.events.assign(count, kNoEvent);
    tables.nodes.push_back(std::move(nodes));
  }
  const auto edges = [](std::vector<NodeId> from, std::vector<NodeId> to, std::vector<TimeMs> times,
                        std::vector<EventId> events) {
    EdgeList list{.from = std::move(from), .to = std::move(to), .times = std::move(times)};
    list.sources.assign(events.size(), 0);
    list.events = std::move(events);
    return list;
  };
  // Items 0, 1, 2 are bought at 10, 20, 30: 2 is the test part, 1 validation.
  tables.edges = {edges({0, 0, 0}, {0, 1, 2}, {10, 20, 30}, {1, 2, 3}),
                  edges({0, 0, 0}, {2, 2, 0}, {29, 30, 10}, {4, 5, 6}), edges({0}, {0}, {40}, {7}),
                  edges({0}, {2}, {}, {7})};
  TestFolder folder;
  write_snapshot(std::move(tables), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const Split split = make_split(snapshot, 0, {.kind = SplitKind::kLast});
  const auto part_of = [&](EdgeTypeId type, EventId event) {
    const auto events = snapshot.edge_columns(type).events;
    for (std::size_t e = 0; e < events.size(); ++e) {
      if (events[e] == event) return split.parts[type][e];
    }
    ADD_FAILURE() << event;
    return Part::kTrain;
  };
  EXPECT_EQ(part_of(0, 3), Part::kTest);
  EXPECT_EQ(part_of(1, 4), Part::kTrain) << "a cart before the purchase is history";
  EXPECT_EQ(part_of(1, 5), Part::kTest) << "the cart of the purchase";
  EXPECT_EQ(part_of(1, 6), Part::kTrain) << "the cart of a train purchase";
  EXPECT_EQ(part_of(2, 7), Part::kTest) << "its review";
  EXPECT_EQ(part_of(3, 7), Part::kTest);
}

}  // namespace
}  // namespace weft::graph
