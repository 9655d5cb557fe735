#include "graph/clean_graph.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/hash.h"
#include "tests/graph/random_graph.h"
#include "tests/support/error_of.h"

namespace weft::graph {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One edge of a snapshot, spelled out.
struct FlatEdge {
  std::size_t type = 0;
  EdgeId id = 0;
  NodeId from = 0, to = 0;
  TimeMs time = kNoTime;
  EventId event = kNoEvent;
  float weight = 1;
  Part part = Part::kTrain;
};

std::vector<FlatEdge> flatten(const Snapshot& snapshot, const Split& split) {
  std::vector<FlatEdge> edges;
  for (std::size_t t = 0; t < split.parts.size(); ++t) {
    const auto type = static_cast<EdgeTypeId>(t);
    const CsrView out = snapshot.outgoing(type);
    const auto rows = snapshot.edge_rows(type);
    const EdgeColumns columns = snapshot.edge_columns(type);
    for (EdgeId id = 0; id < out.edges(); ++id) {
      edges.push_back({t, id, rows[id], out.targets[id], out.times.empty() ? kNoTime : out.times[id],
                       columns.events[id], columns.weights.empty() ? 1.0F : columns.weights[id],
                       split.parts[t][id]});
    }
  }
  return edges;
}

// ---- The oracle: each rule by its definition.

// [type][edge]: kept by the rules for pairs; and the weights that are sums.
struct OraclePairs {
  std::set<std::pair<std::size_t, EdgeId>> gone;
  std::map<std::pair<std::size_t, EdgeId>, float> sums;
};

OraclePairs oracle_pairs(const std::vector<FlatEdge>& edges, const CleanRules& rules) {
  OraclePairs out;
  std::map<std::tuple<std::size_t, NodeId, NodeId>, std::vector<FlatEdge>> pairs;
  for (const FlatEdge& edge : edges) pairs[{edge.type, edge.from, edge.to}].push_back(edge);
  for (auto& [key, list] : pairs) {
    const PairRule rule = rules.pairs[std::get<0>(key)];
    std::stable_sort(list.begin(), list.end(), [](const FlatEdge& a, const FlatEdge& b) {
      return std::tuple(a.time, a.event, a.weight) < std::tuple(b.time, b.event, b.weight);
    });
    std::optional<FlatEdge> first;
    for (const Part part : {Part::kTrain, Part::kValid, Part::kTest}) {
      std::vector<FlatEdge> here;
      for (const FlatEdge& edge : list) {
        if (edge.part == part) here.push_back(edge);
      }
      if (here.empty() || rule == PairRule::kAll) continue;
      const std::size_t stays = rule == PairRule::kFirst ? 0 : here.size() - 1;
      for (std::size_t i = 0; i < here.size(); ++i) {
        if (i != stays || (rule == PairRule::kFirst && first)) out.gone.insert({here[i].type, here[i].id});
      }
      if (!first) first = here.front();
      double sum = 0;
      for (const FlatEdge& edge : here) sum += edge.weight;
      if (rule == PairRule::kSum && here.size() > 1)
        out.sums[{here[stays].type, here[stays].id}] = static_cast<float>(sum);
    }
  }
  return out;
}

// Counts all edges anew until no node goes any more.
std::vector<std::set<NodeId>> oracle_core(const std::vector<FlatEdge>& edges, const Schema& schema,
                                          const CleanRules& rules, const OraclePairs& pairs) {
  std::vector<std::set<NodeId>> outside(schema.node_types().size());
  for (bool changed = true; changed;) {
    changed = false;
    std::vector<std::map<NodeId, std::uint64_t>> degrees(outside.size()), ever(outside.size());
    for (const FlatEdge& edge : edges) {
      const EdgeType& type = schema.edge_types()[edge.type];
      const bool counts = rules.core_edges[edge.type] != 0 && edge.part == Part::kTrain &&
                          !pairs.gone.contains({edge.type, edge.id});
      if (!counts) continue;
      const bool inside = !outside[type.from].contains(edge.from) && !outside[type.to].contains(edge.to);
      ++ever[type.from][edge.from];
      if (inside) ++degrees[type.from][edge.from];
      if (type.symmetric) continue;
      ++ever[type.to][edge.to];
      if (inside) ++degrees[type.to][edge.to];
    }
    for (std::size_t type = 0; type < outside.size(); ++type) {
      for (const auto& [node, edges_ever] : ever[type]) {
        if (degrees[type][node] < rules.core[type]) changed |= outside[type].insert(node).second;
      }
    }
  }
  return outside;
}

// Parts by the event's hash; edges without one are of train.
Split random_split(const Snapshot& snapshot, std::uint64_t seed) {
  Split split;
  for (std::size_t i = 0; i < snapshot.schema().edge_types().size(); ++i) {
    const auto type = static_cast<EdgeTypeId>(i);
    split.parts.emplace_back();
    for (const EventId event : snapshot.edge_columns(type).events) {
      const std::array<std::uint64_t, 2> key = {seed, event};
      const std::uint64_t draw = hash64(std::as_bytes(std::span(key))) % 10;
      const Part part = draw < 6 ? Part::kTrain : draw < 8 ? Part::kValid : Part::kTest;
      split.parts[i].push_back(event == kNoEvent ? Part::kTrain : part);
    }
  }
  return split;
}

CleanRules random_rules(const Schema& schema, Random& random) {
  CleanRules rules;
  for (const EdgeType& type : schema.edge_types()) {
    const auto rule = static_cast<PairRule>(random.below(4));
    rules.pairs.push_back(rule == PairRule::kSum && !type.weighted ? PairRule::kLast : rule);
    rules.core_edges.push_back(random.chance(0.5) ? 1 : 0);
  }
  for (std::size_t i = 0; i < schema.node_types().size(); ++i)
    rules.core.push_back(random.chance(0.6) ? static_cast<std::uint32_t>(2 + random.below(4)) : 0);
  return rules;
}

TEST(CleanGraph, EqualsTheOracleOnRandomGraphs) {
  std::uint64_t repeats = 0, outside = 0, sums = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    Random random(seed);
    // Few nodes for many purchases: most pairs repeat.
    write_snapshot(random_shop(seed, 5 + random.below(40), 5 + random.below(15), 100 + random.below(200)),
                   folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    const Split split = random_split(snapshot, seed);
    const CleanRules rules = random_rules(snapshot.schema(), random);
    const auto edges = flatten(snapshot, split);

    const OraclePairs pairs = oracle_pairs(edges, rules);
    const auto core = oracle_core(edges, snapshot.schema(), rules, pairs);
    const CleanConstants constants = fit_clean(snapshot, split, rules);
    for (std::size_t type = 0; type < core.size(); ++type) {
      EXPECT_EQ(constants.outside[type], std::vector<NodeId>(core[type].begin(), core[type].end())) << type;
      outside += core[type].size();
    }
    const CleanEdges cleaned = clean_edges(snapshot, split, constants);
    std::uint64_t gone = 0;
    for (const FlatEdge& edge : edges) {
      const EdgeType& type = snapshot.schema().edge_types()[edge.type];
      const bool repeat = pairs.gone.contains({edge.type, edge.id});
      const bool out = rules.core_edges[edge.type] != 0 &&
                       (core[type.from].contains(edge.from) || core[type.to].contains(edge.to));
      EXPECT_EQ(cleaned.keep[edge.type][edge.id], repeat || out ? 0 : 1) << edge.type << " " << edge.id;
      gone += repeat || out ? 1 : 0;
      repeats += repeat ? 1 : 0;
    }
    EXPECT_EQ(cleaned.removed(), gone);
    for (std::size_t type = 0; type < cleaned.summed.size(); ++type) {
      std::vector<std::pair<EdgeId, float>> expected;
      for (const auto& [key, sum] : pairs.sums) {
        if (key.first == type) expected.emplace_back(key.second, sum);
      }
      EXPECT_EQ(cleaned.summed[type], expected);
      sums += expected.size();
    }
  }
  EXPECT_GT(repeats, 1000U);
  EXPECT_GT(outside, 100U);
  EXPECT_GT(sums, 100U);
}

// What is trained on: type, ends, time, event, weight.
using Trained = std::vector<std::tuple<std::size_t, NodeId, NodeId, TimeMs, EventId, float>>;

Trained trained_on(const Snapshot& snapshot, const Split& split, const CleanRules& rules) {
  const CleanEdges cleaned = clean_edges(snapshot, split, fit_clean(snapshot, split, rules));
  Trained out;
  for (const FlatEdge& edge : flatten(snapshot, split)) {
    if (edge.part != Part::kTrain || cleaned.keep[edge.type][edge.id] == 0) continue;
    float weight = edge.weight;
    for (const auto& [id, sum] : cleaned.summed[edge.type]) {
      if (id == edge.id) weight = sum;
    }
    out.emplace_back(edge.type, edge.from, edge.to, edge.time, edge.event, weight);
  }
  return out;
}

// A leak would show: without the held-out events nothing of what training sees may be another.
TEST(CleanGraph, HeldOutEventsDecideNothingOfTrain) {
  std::size_t edges = 0;
  for (std::uint64_t seed = 100; seed < 130; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    Random random(seed);
    GraphTables tables = random_shop(seed, 20, 10, 250);
    write_snapshot(tables, folder / "all");
    const Snapshot all = Snapshot::open(folder / "all");
    const Split split = random_split(all, seed);
    const CleanRules rules = random_rules(all.schema(), random);
    for (std::size_t i = 0; i < tables.edges.size(); ++i) {
      EdgeList kept;
      for (const FlatEdge& edge : flatten(all, split)) {
        if (edge.type != i || edge.part != Part::kTrain) continue;
        kept.from.push_back(edge.from);
        kept.to.push_back(edge.to);
        kept.events.push_back(edge.event);
        kept.sources.push_back(0);
        if (all.schema().edge_types()[i].timed) kept.times.push_back(edge.time);
        if (all.schema().edge_types()[i].weighted) kept.weights.push_back(edge.weight);
      }
      tables.edges[i] = kept;
    }
    write_snapshot(tables, folder / "train");
    const Snapshot train = Snapshot::open(folder / "train");
    EXPECT_EQ(fit_clean(all, split, rules).outside,
              fit_clean(train, random_split(train, seed), rules).outside);
    const Trained expected = trained_on(train, random_split(train, seed), rules);
    EXPECT_EQ(trained_on(all, split, rules), expected);
    edges += expected.size();
  }
  EXPECT_GT(edges, 1000U);
}

// Users 0, 1, 2 and items 0, 1, 2 joined by "buys" at the given times.
struct Purchase {
  NodeId user = 0, item = 0;
  TimeMs time = 0;
  float weight = 1;
  Part part = Part::kTrain;
};

struct Shop {
  explicit Shop(const std::vector<Purchase>& purchases) {
    GraphTables tables;
    const auto user = tables.schema.add_node_type({.name = "user"});
    const auto item = tables.schema.add_node_type({.name = "item"});
    tables.schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true, .weighted = true});
    tables.info.store_uuid = "store";
    tables.info.source_files = {"log.csv"};
    for (const char* type : {"u", "i"}) {
      tables.nodes.emplace_back();
      for (int n = 0; n < 3; ++n) tables.nodes.back().external_ids.push_back(fmt::format("{}{}", type, n));
    }
    tables.edges.resize(1);
    for (const Purchase& purchase : purchases) {
      tables.edges[0].from.push_back(purchase.user);
      tables.edges[0].to.push_back(purchase.item);
      tables.edges[0].times.push_back(purchase.time);
      tables.edges[0].weights.push_back(purchase.weight);
      tables.edges[0].events.push_back(tables.edges[0].events.size() + 1);
      tables.edges[0].sources.push_back(0);
    }
    write_snapshot(tables, folder / "s");
    snapshot = Snapshot::open(folder / "s");
    split.parts.resize(1);
    for (const EventId event : snapshot->edge_columns(0).events)
      split.parts[0].push_back(purchases[event - 1].part);
  }
  CleanConstants fit(PairRule pairs, std::uint32_t user, std::uint32_t item) const {
    return fit_clean(*snapshot, split, {.pairs = {pairs}, .core = {user, item}, .core_edges = {1}});
  }
  // Events that stay, ascending.
  std::vector<EventId> kept(const CleanConstants& constants) const {
    const CleanEdges edges = clean_edges(*snapshot, split, constants);
    std::set<EventId> events;
    for (std::size_t e = 0; e < edges.keep[0].size(); ++e) {
      if (edges.keep[0][e] != 0) events.insert(snapshot->edge_columns(0).events[e]);
    }
    return {events.begin(), events.end()};
  }

  TestFolder folder;
  std::optional<Snapshot> snapshot;
  Split split;
};

TEST(CleanGraph, FirstLeavesAtEachTimeWhatWasFirstUntilThen) {
  const Shop shop({{0, 0, 30}, {0, 0, 10}, {0, 0, 20}, {0, 1, 25}, {1, 0, 10}});
  EXPECT_THAT(shop.kept(shop.fit(PairRule::kFirst, 0, 0)), ElementsAre(2, 4, 5));
  EXPECT_THAT(shop.kept(shop.fit(PairRule::kLast, 0, 0)), ElementsAre(1, 4, 5));
  EXPECT_THAT(shop.kept(shop.fit(PairRule::kAll, 0, 0)), ElementsAre(1, 2, 3, 4, 5));
}

TEST(CleanGraph, AHeldOutEventHidesNothingEarlier) {
  // The test event comes first in time, as random splits have it: the train event stays.
  const Shop shop({{0, 0, 10, 1, Part::kTest}, {0, 0, 20, 2}, {0, 0, 30, 3, Part::kValid}, {0, 0, 40, 4}});
  EXPECT_THAT(shop.kept(shop.fit(PairRule::kFirst, 0, 0)), ElementsAre(2));
  EXPECT_THAT(shop.kept(shop.fit(PairRule::kLast, 0, 0)), ElementsAre(1, 3, 4));
  const CleanEdges sums = clean_edges(*shop.snapshot, shop.split, shop.fit(PairRule::kSum, 0, 0));
  ASSERT_EQ(sums.summed[0].size(), 1U);
  EXPECT_EQ(sums.summed[0][0].second, 6.0F);  // of the train events alone
}

TEST(CleanGraph, TiesInTimeFallByEventId) {
  const Shop shop({{0, 0, 10, 5}, {0, 0, 10, 4}, {0, 0, 10, 3}});
  EXPECT_THAT(shop.kept(shop.fit(PairRule::kFirst, 0, 0)), ElementsAre(1));
  EXPECT_THAT(shop.kept(shop.fit(PairRule::kLast, 0, 0)), ElementsAre(3));
}

TEST(CleanGraph, HeldOutEventsOfRemovedNodesGoAndNewcomersStay) {
  // User 0 has one train event, which is too few; user 1 has two; user 2 none at all in train.
  const Shop shop({{0, 0, 10},
                   {1, 0, 10},
                   {1, 1, 11},
                   {0, 1, 20, 1, Part::kTest},
                   {0, 2, 21, 1, Part::kTest},
                   {1, 2, 22, 1, Part::kTest},
                   {2, 0, 23, 1, Part::kTest}});
  const CleanConstants constants = shop.fit(PairRule::kAll, 2, 0);
  EXPECT_THAT(constants.outside[0], ElementsAre(0));
  EXPECT_THAT(constants.outside[1], IsEmpty());
  EXPECT_THAT(shop.kept(constants), ElementsAre(2, 3, 6, 7));
  const CleanEdges edges = clean_edges(*shop.snapshot, shop.split, constants);
  EXPECT_THAT(edges.outside[0], ElementsAre(1, 0, 2));
}

TEST(CleanGraph, GoesOnUntilNoNodeHasTooFew) {
  // A chain: each node that goes leaves the next with too few.
  const Shop shop({{0, 0, 1}, {1, 0, 2}, {1, 1, 3}, {2, 1, 4}, {2, 2, 5}});
  const CleanConstants constants = shop.fit(PairRule::kAll, 2, 2);
  EXPECT_THAT(constants.outside[0], ElementsAre(0, 1, 2));
  EXPECT_THAT(constants.outside[1], ElementsAre(0, 1, 2));
}

TEST(CleanGraph, RepeatsCountOnceWhereTheRuleSaysSo) {
  const Shop shop({{0, 0, 1}, {0, 0, 2}, {1, 0, 3}, {1, 1, 4}});
  EXPECT_THAT(shop.fit(PairRule::kAll, 2, 0).outside[0], IsEmpty());
  EXPECT_THAT(shop.fit(PairRule::kFirst, 2, 0).outside[0], ElementsAre(0));
}

TEST(CleanGraph, ASumPastTheGreatestWeightIsAnError) {
  const Shop shop({{0, 0, 1, 4e9F}, {0, 0, 2, 4e9F}});
  EXPECT_THAT(error_of([&] { clean_edges(*shop.snapshot, shop.split, shop.fit(PairRule::kSum, 0, 0)); }),
              HasSubstr("clean.pairs.buys"));
}

TEST(CleanConstants, AreWrittenAndRead) {
  const Shop shop({{0, 0, 1}, {1, 0, 2}, {1, 1, 3}});
  const CleanConstants constants = shop.fit(PairRule::kFirst, 2, 0);
  const Schema& schema = shop.snapshot->schema();
  const std::string text = constants.to_text(schema);
  EXPECT_EQ(CleanConstants::from_text(text, schema, "clean.json"), constants);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_THROW(CleanConstants::from_text(damaged, schema, "clean.json"), Error) << i;
    EXPECT_THROW(CleanConstants::from_text(text.substr(0, i), schema, "clean.json"), Error) << i;
  }
  Schema other = schema;
  other.add_node_type({.name = "brand"});
  EXPECT_THAT(error_of([&] { CleanConstants::from_text(text, other, "clean.json"); }),
              HasSubstr("other node and edge types"));
}

TEST(CleanConstants, OfAnotherStoreAreRefused) {
  const Shop shop({{0, 0, 1}});
  CleanConstants constants = shop.fit(PairRule::kFirst, 0, 0);
  constants.store_uuid = "another";
  EXPECT_THAT(error_of([&] { clean_edges(*shop.snapshot, shop.split, constants); }),
              HasSubstr("another store"));
  constants.store_uuid = "store";
  constants.outside[0] = {7};
  EXPECT_THAT(error_of([&] { clean_edges(*shop.snapshot, shop.split, constants); }), HasSubstr("older than"));
}

}  // namespace
}  // namespace weft::graph
