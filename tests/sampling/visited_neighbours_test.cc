#include "sampling/visited_neighbours.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <utility>

#include "base/error.h"
#include "sampling/neighbor_sampler.h"
#include "tests/sampling/chi_square.h"
#include "tests/sampling/law_rounds.h"
#include "tests/sampling/random_graph.h"

namespace weft::sampling {
namespace {

using graph::EventId;
using graph::kNoNode;
using graph::NodeId;
using graph::TimeMs;
using testing::TestGraph;

std::vector<Visited> most_visited(const RandomWalker& walker, const WalkRelation& walks,
                                  const WalkStart& start, std::uint32_t step, std::size_t count) {
  VisitCounts counts;
  const auto found = counts.most_visited(walker, walks, start, step, count);
  return {found.begin(), found.end()};
}

TEST(VisitedNeighbours, AreTheEndsOfRoundsByVisits) {
  const auto shop = testing::random_shop(6);
  const graph::GraphView graph = shop->view();
  const WalkRelation walks{.path = {1, 0}, .walks = 50, .rounds = 3, .stop = 0.25};  // item - user - item
  const RandomWalker walker = make_walker(graph, {walks}, 0, 2);
  std::size_t ties = 0;
  for (NodeId item = 0; item < graph.node_counts[1]; ++item) {
    std::vector<NodeId> nodes(50 * 7);
    walker.walk({.node = item}, 5, 50, 6, nodes);
    std::map<NodeId, std::uint32_t> visits;
    for (const std::size_t s : {2u, 4u, 6u}) {
      for (std::size_t walk = 0; walk < 50; ++walk) ++visits[nodes[s * 50 + walk]];
    }
    visits.erase(item);
    visits.erase(kNoNode);
    std::vector<std::pair<std::int64_t, NodeId>> sorted;
    for (const auto& [node, count] : visits) sorted.emplace_back(-std::int64_t{count}, node);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size() && i < 4; ++i)
      ties += i + 1 < sorted.size() && sorted[i].first == sorted[i + 1].first ? 1 : 0;
    sorted.resize(std::min<std::size_t>(sorted.size(), 4));
    std::vector<Visited> expected;
    for (const auto& [count, node] : sorted) expected.push_back({node, static_cast<std::uint32_t>(-count)});
    EXPECT_EQ(most_visited(walker, walks, {.node = item}, 5, 4), expected) << item;
  }
  EXPECT_GT(ties, 5u) << "there is something to break ties of";
}

// Where a walk is after a step along a relation, by the definition of that step.
std::vector<double> after_step(const graph::GraphView& graph, graph::RelationId relation, bool weighted,
                               TimeMs bound, const std::set<EventId>& hidden,
                               const std::vector<double>& before) {
  const graph::CsrView& csr = graph.relation(relation);
  const auto& events = graph.events[graph::edge_type_of(relation)];
  std::vector<double> after(graph.node_counts[graph.schema->target_type(relation)], 0);
  for (NodeId at = 0; at < csr.rows(); ++at) {
    std::map<NodeId, double> weights;
    double sum = 0;
    for (std::uint64_t i = csr.offsets[at]; i < csr.offsets[at + 1]; ++i) {
      if (hidden.contains(events[csr.edge_id(i)]) || csr.times[i] >= bound) continue;
      const std::uint64_t below = i == csr.offsets[at] ? 0 : csr.weight_sums[i - 1];
      const double weight = weighted ? static_cast<double>(csr.weight_sums[i] - below) : 1;
      weights[csr.targets[i]] += weight;
      sum += weight;
    }
    for (const auto& [to, weight] : weights) {
      if (weight > 0) after[to] += before[at] * weight / sum;
    }
  }
  return after;
}

// Chi-square of counts against chances; nodes that are too rare are pooled.
void expect_multinomial(const std::vector<std::uint64_t>& seen, const std::vector<double>& chances,
                        std::uint64_t draws) {
  std::vector<std::uint64_t> counts(1, 0);
  std::vector<double> expected(1, 0);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const double mean = chances[i] * static_cast<double>(draws);
    if (mean < 1e-9 * static_cast<double>(draws)) {
      ASSERT_EQ(seen[i], 0u) << "no walk gets to " << i;
    } else if (mean < 5) {
      counts[0] += seen[i];
      expected[0] += mean;
    } else {
      counts.push_back(seen[i]);
      expected.push_back(mean);
    }
  }
  if (expected[0] < 5) {
    counts.erase(counts.begin());
    expected.erase(expected.begin());
  }
  if (counts.size() < 2) return;
  testing::expect_chi_square_below(testing::chi_square(counts, expected),
                                   static_cast<double>(counts.size()) - 1, draws);
}

struct Case {
  const char* name;
  bool weighted;
  TimeMs bound;
  unsigned hidden;  // of ten events
};
class VisitLaw : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Cases, VisitLaw,
                         ::testing::Values(Case{"plain", false, graph::kEndOfTime, 0},
                                           Case{"weighted", true, graph::kEndOfTime, 0},
                                           Case{"bounded", false, 120, 0},
                                           Case{"hidden", false, graph::kEndOfTime, 4},
                                           Case{"weighted_bounded_hidden", true, 150, 4}),
                         [](const auto& test) { return std::string(test.param.name); });

// The chance that a round of an item's walks ends at each item, round by round, is the product of the steps'
// transition matrices (a walk goes on after each but the last with 1 - stop); and the visits of walks of one
// round are draws from the first of them. False alarm: one in a million each.
TEST_P(VisitLaw, RoundsEndByTheirTransitionMatrix) {
  const Case& test = GetParam();
  const auto shop = testing::random_shop(8, 25, 18, 300);
  const graph::GraphView graph = shop->view();
  std::vector<EventId> hidden;
  for (const EventId event : graph.events[0]) {
    if (event * 7 % 10 < test.hidden) hidden.push_back(event);
  }
  std::sort(hidden.begin(), hidden.end());
  const std::set<EventId> not_seen(hidden.begin(), hidden.end());
  ExcludedEvents excluded;
  excluded.start(hidden, {});
  const auto count = static_cast<std::uint32_t>(testing::rounds(20000));
  constexpr double kStop = 0.25;
  const WalkRelation walks{
      .path = {1, 0}, .weighted = test.weighted, .walks = 1000, .rounds = 3, .stop = kStop};
  WalkRelation once = walks;
  once.rounds = 1;
  const RandomWalker walker = make_walker(graph, {walks}, 0, testing::law_seed());
  for (const NodeId item : {0u, 5u, 11u}) {
    const WalkStart start{.node = item, .before = test.bound, .excluded = &excluded, .relation = 10};
    std::vector<double> chances(graph.node_counts[1], 0);
    chances[item] = 1;
    std::vector<std::vector<std::uint64_t>> ends(3, std::vector<std::uint64_t>(chances.size() + 1));
    std::vector<std::uint64_t> visits(chances.size() + 1);
    std::vector<NodeId> nodes(7 * walks.walks);
    VisitCounts counter;
    for (std::uint32_t step = 0; step < count / walks.walks; ++step) {
      walker.walk(start, step, walks.walks, 6, nodes);
      for (std::size_t round = 0; round < 3; ++round) {
        for (std::size_t walk = 0; walk < walks.walks; ++walk) {
          const NodeId end = nodes[(2 * round + 2) * walks.walks + walk];
          ++ends[round][end == kNoNode ? chances.size() : end];
        }
      }
      std::uint64_t found = 0;
      for (const Visited& one : counter.most_visited(walker, once, start, step + 100'000, 1000)) {
        visits[one.node] += one.visits;
        found += one.visits;
      }
      visits[chances.size()] += walks.walks - found;  // came back, or ended
    }
    for (std::size_t round = 0; round < 3; ++round) {
      chances = after_step(graph, 1, test.weighted, test.bound, not_seen, chances);
      chances = after_step(graph, 0, test.weighted, test.bound, not_seen, chances);
      std::vector<double> with_rest = chances;
      with_rest.push_back(1 - std::accumulate(chances.begin(), chances.end(), 0.0));
      expect_multinomial(ends[round], with_rest, count);
      if (round == 0) {
        with_rest.back() += std::exchange(with_rest[item], 0);
        expect_multinomial(visits, with_rest, count);
      }
      for (double& chance : chances) chance *= 1 - kStop;
    }
  }
}

// Items 0 and 1 were bought together by user 0 alone: at 500, both purchases within one event.
std::unique_ptr<TestGraph> planted() {
  auto shop = std::make_unique<TestGraph>();
  const auto user = shop->add_nodes("user", 12);
  const auto item = shop->add_nodes("item", 8);
  const auto buys = shop->add_edges("buys", user, item, true);
  shop->add_edge(buys, 0, 0, 500, 1);
  shop->add_edge(buys, 0, 1, 400, 2);
  EventId event = 100;
  for (NodeId who = 1; who < 12; ++who) {
    const NodeId basket = 2 + who % 3 * 2;  // pairs of items that go together
    shop->add_edge(buys, who, basket, 100 + who, ++event);
    shop->add_edge(buys, who, basket + 1, 150 + who, ++event);
    shop->add_edge(buys, who, who % 2, 50, ++event);
  }
  return shop;
}

bool visits(const Subgraph& out, NodeId wanted) {
  const RelationBlock& block = out.relations.back();
  return std::any_of(block.sources.begin(), block.sources.end(),
                     [&](std::uint32_t source) { return out.nodes[1][source] == wanted; });
}

// The one purchase that joins items 0 and 1 is walked when nothing hides it; not when it is excluded, of
// either end, in a shared frontier or in its own tree; not from a seed at or before its time.
TEST(VisitedNeighbours, PlantedLeaksAreNotWalked) {
  const auto shop = planted();
  const graph::GraphView graph = shop->view();
  const NeighborSampler sampler(
      graph,
      {.fan_outs = {{0, 0}}, .walks = {{.path = {1, 0}, .walks = 40, .rounds = 1, .fan_outs = {1000}}}});
  const std::vector<NodeRef> nodes = {{1, 0}};
  const std::vector<std::uint32_t> roots = {77}, offsets = {0, 1};
  NeighborSampler::Scratch scratch;
  Subgraph out;
  const auto seen = [&](std::vector<EventId> excluded, TimeMs bound, bool tree) {
    const std::vector<TimeMs> before = {bound};
    SeedBatch batch{.nodes = nodes, .before = before, .excluded = excluded};
    if (tree) batch.roots = roots;
    if (tree && !excluded.empty()) batch.excluded_offsets = offsets;
    bool found = false;
    for (std::uint32_t step = 0; step < 60; ++step) {
      sampler.sample(batch, step, scratch, out);
      EXPECT_FALSE(out.relations.back().sources.empty());
      found |= visits(out, 1);
    }
    return found;
  };
  for (const bool tree : {false, true}) {
    EXPECT_TRUE(seen({}, graph::kEndOfTime, tree));
    EXPECT_TRUE(seen({}, 501, tree));
    EXPECT_FALSE(seen({1}, graph::kEndOfTime, tree));
    EXPECT_FALSE(seen({2}, graph::kEndOfTime, tree));
    EXPECT_FALSE(seen({}, 500, tree)) << "at its own time";
    EXPECT_FALSE(seen({}, 450, tree));
  }
}

// Items of a group are bought by the users of that group, and three in nine purchases are of anything: the
// most visited are of the group, though most of what is two steps away is not.
TEST(VisitedNeighbours, FindPlantedInterests) {
  constexpr NodeId kItems = 120, kUsers = 600, kGroups = 6;
  TestGraph shop;
  shop.add_nodes("user", kUsers);
  shop.add_nodes("item", kItems);
  shop.add_edges("buys", 0, 1, true);
  std::mt19937 random(5);
  EventId event = 0;
  for (NodeId user = 0; user < kUsers; ++user) {
    for (int i = 0; i < 9; ++i) {
      NodeId item = random() % kItems;
      if (i < 6) item = item / kGroups * kGroups + user % kGroups;
      shop.add_edge(0, user, item, static_cast<TimeMs>(random() % 1000), ++event);
    }
  }
  const graph::GraphView graph = shop.view();
  const NeighborSampler sampler(
      graph, {.seed = 3,
              .fan_outs = {{0, 0}},
              .walks = {{.path = {1, 0}, .walks = 200, .rounds = 2, .stop = 0.5, .fan_outs = {8}}}});
  std::vector<NodeRef> nodes;
  for (NodeId item = 0; item < kItems; ++item) nodes.push_back({1, item});
  NeighborSampler::Scratch scratch;
  Subgraph out;
  sampler.sample({.nodes = nodes}, 0, scratch, out);
  const RelationBlock& block = out.relations[0];
  EXPECT_EQ(block.relation, walk_relation_id(*graph.schema, 0));
  EXPECT_TRUE(block.edges.empty());
  std::size_t same = 0, reached_same = 0, reached = 0;
  for (NodeId item = 0; item < kItems; ++item) {
    for (std::uint32_t i = block.offsets[item]; i < block.offsets[item + 1]; ++i)
      same += out.nodes[1][block.sources[i]] % kGroups == item % kGroups ? 1 : 0;
    std::set<NodeId> near;
    for (const NodeId user : graph.relation(1).neighbours(item)) {
      for (const NodeId other : graph.relation(0).neighbours(user)) near.insert(other);
    }
    near.erase(item);
    for (const NodeId other : near) reached_same += other % kGroups == item % kGroups ? 1 : 0;
    reached += near.size();
  }
  EXPECT_LT(static_cast<double>(reached_same) / static_cast<double>(reached), 0.3);
  EXPECT_GT(static_cast<double>(same) / static_cast<double>(block.sources.size()), 0.8);
}

}  // namespace
}  // namespace weft::sampling
