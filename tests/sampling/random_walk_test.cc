#include "sampling/random_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <span>

#include "base/error.h"
#include "tests/sampling/chi_square.h"
#include "tests/sampling/law_rounds.h"
#include "tests/sampling/random_graph.h"

namespace weft::sampling {
namespace {

using graph::kNoNode;
using graph::NodeId;
using graph::TimeMs;
using testing::chi_square;
using testing::TestGraph;

// People who follow each other, with weights and times; node 0 knows nearly all, the last ones nobody.
std::unique_ptr<TestGraph> circle(std::uint32_t seed, NodeId people = 14, float heaviest = 3) {
  auto graph = std::make_unique<TestGraph>();
  graph->add_nodes("person", people);
  graph->add_edges("follows", 0, 0, true, true);
  std::mt19937 random(seed);
  graph::EventId event = 0;
  const auto add = [&](NodeId a, NodeId b) {
    graph->add_edge(0, a, b, static_cast<TimeMs>(random() % 100), ++event,
                    heaviest / 6 * static_cast<float>(random() % 7));
  };
  for (NodeId i = 1; i + 2 < people; ++i) add(0, i);
  for (NodeId i = 0; i < 20; ++i) {
    const NodeId a = random() % (people - 2);
    const NodeId b = random() % (people - 2);
    if (a != b) add(a, b);
  }
  return graph;
}

std::vector<NodeId> all_walks(const RandomWalker& walker, const std::vector<NodeId>& starts,
                              std::size_t walks, std::size_t length, std::vector<TimeMs> before = {},
                              std::uint32_t step = 1) {
  std::vector<NodeId> nodes(starts.size() * walks * (length + 1));
  walker.walk(starts, before, step, walks, length, nodes);
  return nodes;
}

// The same by the other way in, with these events excluded.
std::vector<NodeId> walks_without(const RandomWalker& walker, const std::vector<NodeId>& starts,
                                  std::size_t walks, std::size_t length, TimeMs before, std::uint32_t step,
                                  std::span<const graph::EventId> hidden) {
  ExcludedEvents excluded;
  excluded.start(hidden, {});
  std::vector<NodeId> nodes, one(walks * (length + 1));
  for (const NodeId start : starts) {
    walker.walk({.node = start, .before = before, .excluded = &excluded}, step, walks, length, one);
    for (std::size_t walk = 0; walk < walks; ++walk) {
      for (std::size_t s = 0; s <= length; ++s) nodes.push_back(one[s * walks + walk]);
    }
  }
  return nodes;
}

// The transition matrix by its definition: [came from][at] -> chance of each node.
std::vector<double> transition(const graph::GraphView& graph, const WalkOptions& options, TimeMs bound,
                               const std::set<graph::EventId>& hidden, NodeId previous, NodeId at) {
  const graph::CsrView& csr = graph.relation(options.path[0]);
  const auto is_edge = [&](NodeId a, NodeId b) {
    for (std::uint64_t i = csr.offsets[a]; i < csr.offsets[a + 1]; ++i) {
      if (csr.targets[i] == b && csr.times[i] < bound) return true;
    }
    return false;
  };
  std::vector<double> chances(graph.node_counts[0], 0);
  for (std::uint64_t i = csr.offsets[at]; i < csr.offsets[at + 1]; ++i) {
    if (csr.times[i] >= bound || hidden.contains(graph.events[0][csr.edge_id(i)])) continue;
    const NodeId to = csr.targets[i];
    double weight = 1;
    if (options.weighted) {
      weight = static_cast<double>(csr.weight_sums[i] - (i == csr.offsets[at] ? 0 : csr.weight_sums[i - 1]));
    }
    if (previous != kNoNode)
      weight *= to == previous ? 1 / options.p : is_edge(previous, to) ? 1 : 1 / options.q;
    chances[to] += weight;
  }
  const double total = std::accumulate(chances.begin(), chances.end(), 0.0);
  if (total > 0) {
    for (double& chance : chances) chance /= total;
  }
  return chances;
}

struct Case {
  const char* name;
  double p, q;
  bool weighted;
  TimeMs bound;
  float heaviest = 3;   // weight of an edge
  unsigned hidden = 0;  // of ten events
};
class WalkLaw : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Cases, WalkLaw,
    ::testing::Values(Case{"plain", 1, 1, false, graph::kEndOfTime},
                      Case{"weighted", 1, 1, true, graph::kEndOfTime},
                      Case{"weighted_bounded", 1, 1, true, 60}, Case{"near", 4, 4, false, graph::kEndOfTime},
                      Case{"far", 2, 0.25, false, graph::kEndOfTime},
                      Case{"back", 0.1, 1, true, graph::kEndOfTime}, Case{"bounded", 0.5, 2, true, 60},
                      Case{"mostly_rejected", 1000, 1000, false, graph::kEndOfTime},
                      Case{"mostly_rejected_weighted", 1, 1000, true, 70},
                      Case{"mostly_rejected_heavy", 1000, 1000, true, graph::kEndOfTime, 6.0F * (1 << 24)},
                      Case{"some_hidden", 1, 1, false, graph::kEndOfTime, 3, 3},
                      Case{"some_hidden_weighted_bounded", 1, 1, true, 60, 3, 3},
                      Case{"most_hidden", 1, 1, false, graph::kEndOfTime, 3, 8},
                      Case{"most_hidden_heavy", 1, 1, true, graph::kEndOfTime, 6.0F * (1 << 24), 8}),
    [](const auto& test) { return std::string(test.param.name); });

// All steps of many walks, by where they came from and are, against the transition matrix. False alarm: one
// in a million.
TEST_P(WalkLaw, FollowsTheTransitionMatrix) {
  const Case& test = GetParam();
  const auto people = circle(4, 14, test.heaviest);
  const graph::GraphView graph = people->view();
  const WalkOptions options{
      .seed = testing::law_seed(), .path = {0}, .weighted = test.weighted, .p = test.p, .q = test.q};
  const RandomWalker walker(graph, options);
  const NodeId count = graph.node_counts[0];
  std::vector<NodeId> starts(count);
  std::iota(starts.begin(), starts.end(), NodeId{0});
  std::vector<graph::EventId> hidden;
  for (const graph::EventId event : graph.events[0]) {
    if (event * 7 % 10 < test.hidden) hidden.push_back(event);
  }
  std::sort(hidden.begin(), hidden.end());
  hidden.erase(std::unique(hidden.begin(), hidden.end()), hidden.end());
  const std::set<graph::EventId> not_seen(hidden.begin(), hidden.end());
  const std::vector<TimeMs> before(test.bound == graph::kEndOfTime ? 0 : count, test.bound);
  constexpr std::size_t length = 6;
  constexpr std::size_t walks = 1000;
  std::map<std::pair<NodeId, NodeId>, std::vector<std::uint64_t>> seen;
  std::uint64_t draws = 0;
  for (std::uint32_t step = 0; step < testing::rounds(8); ++step) {
    const std::vector<NodeId> nodes =
        hidden.empty() ? all_walks(walker, starts, walks, length, before, step)
                       : walks_without(walker, starts, walks, length, test.bound, step, hidden);
    for (std::size_t walk = 0; walk < count * walks; ++walk) {
      const NodeId* at = nodes.data() + walk * (length + 1);
      for (std::size_t s = 0; s < length && at[s] != kNoNode; ++s) {
        auto& row = seen[{s == 0 || (test.p == 1 && test.q == 1) ? kNoNode : at[s - 1], at[s]}];
        row.resize(count + 1);
        ++row[at[s + 1] == kNoNode ? count : at[s + 1]];
        ++draws;
      }
    }
  }
  double statistic = 0;
  double degrees = 0;
  for (const auto& [from, row] : seen) {
    const std::vector<double> chances =
        transition(graph, options, test.bound, not_seen, from.first, from.second);
    const auto total = static_cast<double>(std::accumulate(row.begin(), row.end(), std::uint64_t{0}));
    if (std::accumulate(chances.begin(), chances.end(), 0.0) == 0) {
      ASSERT_EQ(row[count], total) << "a node without edges ends a walk";
      continue;
    }
    ASSERT_EQ(row[count], 0u) << "a walk goes on where it can";
    std::vector<std::uint64_t> pooled(1, 0);
    std::vector<double> expected(1, 0);
    for (NodeId to = 0; to < count; ++to) {
      if (chances[to] == 0) {
        ASSERT_EQ(row[to], 0u) << from.first << " " << from.second << " " << to;
      } else if (chances[to] * total < 5) {
        pooled[0] += row[to];
        expected[0] += chances[to] * total;
      } else {
        pooled.push_back(row[to]);
        expected.push_back(chances[to] * total);
      }
    }
    if (expected[0] < 5) {  // too rare to be told from chance, together too
      pooled.erase(pooled.begin());
      expected.erase(expected.begin());
    }
    if (pooled.size() < 2) continue;
    statistic += chi_square(pooled, expected);
    degrees += static_cast<double>(pooled.size()) - 1;
  }
  testing::expect_chi_square_below(statistic, degrees, draws);
}

TEST(Metapath, GoesAlongItsRelations) {
  const auto shop = testing::random_shop(3);
  const graph::GraphView graph = shop->view();
  // user - buys -> item - about (reverse) -> review - wrote (reverse) -> user
  const RandomWalker walker(graph, {.path = {0, 5, 3}});
  EXPECT_EQ(walker.type_at(0), 0);
  EXPECT_EQ(walker.type_at(1), 1);
  EXPECT_EQ(walker.type_at(2), 2);
  EXPECT_EQ(walker.type_at(3), 0);
  std::vector<NodeId> starts(graph.node_counts[0]);
  std::iota(starts.begin(), starts.end(), NodeId{0});
  const std::vector<NodeId> nodes = all_walks(walker, starts, 20, 7);
  std::size_t steps = 0;
  for (std::size_t walk = 0; walk < starts.size() * 20; ++walk) {
    const NodeId* at = nodes.data() + walk * 8;
    ASSERT_EQ(at[0], starts[walk / 20]);
    for (std::size_t s = 0; s < 7; ++s) {
      if (at[s] == kNoNode) {
        ASSERT_EQ(at[s + 1], kNoNode);
        continue;
      }
      const graph::CsrView& csr = graph.relation(std::vector<graph::RelationId>{0, 5, 3}[s % 3]);
      const auto row = csr.neighbours(at[s]);
      if (at[s + 1] == kNoNode) {
        ASSERT_TRUE(row.empty());
      } else {
        ASSERT_NE(std::find(row.begin(), row.end(), at[s + 1]), row.end());
        ++steps;
      }
    }
  }
  EXPECT_GT(steps, 1000u);
}

TEST(RandomWalker, WalksDependOnStartNumberStepAndSeedAlone) {
  const auto people = circle(5);
  const RandomWalker walker(people->view(), {.seed = 3, .path = {0}, .p = 2, .q = 0.5});
  const std::vector<NodeId> together = all_walks(walker, {4, 1, 3}, 5, 10);
  const std::vector<NodeId> alone = all_walks(walker, {3}, 7, 10);
  EXPECT_TRUE(std::equal(together.begin() + 2 * 5 * 11, together.end(), alone.begin()));
  EXPECT_NE(all_walks(walker, {3}, 5, 10, {}, 2), all_walks(walker, {3}, 5, 10));
  EXPECT_NE(all_walks(RandomWalker(people->view(), {.seed = 4, .path = {0}, .p = 2, .q = 0.5}), {3}, 5, 10),
            all_walks(walker, {3}, 5, 10));
}

// The walks of one start are not those of another number, relation, hop or root, and those of the other way
// in are not among them.
TEST(RandomWalker, WalksOfAStartDependOnItsCountersAlone) {
  const auto people = circle(5);
  const RandomWalker walker(people->view(), {.seed = 3, .path = {0}, .stop = 0.1});
  const auto walks = [&](const WalkStart& start, std::size_t count, std::uint32_t step = 1) {
    std::vector<NodeId> nodes(count * 7);
    walker.walk(start, step, count, 6, nodes);
    return nodes;
  };
  const WalkStart start{.node = 3, .relation = 4, .hop = 1, .root = 9};
  const std::vector<NodeId> known = walks(start, 8);
  EXPECT_EQ(walks(start, 8), known);
  const std::vector<NodeId> fewer = walks(start, 5);
  for (std::size_t s = 0; s <= 6; ++s) {
    for (std::size_t walk = 0; walk < 5; ++walk) EXPECT_EQ(fewer[s * 5 + walk], known[s * 8 + walk]);
  }
  EXPECT_NE(walks(start, 8, 2), known);
  EXPECT_NE(walks({.node = 3, .relation = 5, .hop = 1, .root = 9}, 8), known);
  EXPECT_NE(walks({.node = 3, .relation = 4, .hop = 0, .root = 9}, 8), known);
  EXPECT_NE(walks({.node = 3, .relation = 4, .hop = 1, .root = 8}, 8), known);
}

TEST(RandomWalker, StopsAfterARoundWithItsChance) {
  const auto shop = testing::random_shop(3);
  const RandomWalker walker(shop->view(), {.seed = testing::law_seed() - 1, .path = {0, 1}, .stop = 0.25});
  NodeId start = 0;
  while (shop->view().relation(0).degree(start) == 0) ++start;
  const auto walks = static_cast<std::size_t>(testing::rounds(40000));
  const std::vector<NodeId> nodes = all_walks(walker, {start}, walks, 8);
  std::vector<std::uint64_t> rounds(4);  // after which round it ended
  for (std::size_t walk = 0; walk < walks; ++walk) {
    std::size_t steps = 0;
    while (steps < 8 && nodes[walk * 9 + steps + 1] != kNoNode) ++steps;
    ASSERT_EQ(steps % 2, 0u);
    ++rounds[steps / 2 - 1];
  }
  const auto n = static_cast<double>(walks);
  testing::expect_chi_square_below(
      chi_square(rounds, {n * 0.25, n * 0.75 * 0.25, n * 0.75 * 0.75 * 0.25, n * 0.75 * 0.75 * 0.75}), 3,
      walks);
}

TEST(RandomWalker, RefusesBadOptions) {
  const auto shop = testing::random_shop(1);
  const graph::GraphView graph = shop->view();
  EXPECT_THROW(RandomWalker(graph, {}), Error);
  EXPECT_THROW(RandomWalker(graph, {.path = {99}}), Error);
  EXPECT_THROW(RandomWalker(graph, {.path = {0}}), Error) << "users do not buy users";
  EXPECT_THROW(RandomWalker(graph, {.path = {0, 0}}), Error);
  EXPECT_THROW(RandomWalker(graph, {.path = {0, 1}, .q = 2}), Error);
  EXPECT_THROW(RandomWalker(graph, {.path = {8}, .p = 0}), Error);
  EXPECT_THROW(RandomWalker(graph, {.path = {8}, .q = 1001}), Error);
  EXPECT_THROW(RandomWalker(graph, {.path = {8}, .stop = 1}), Error);
  EXPECT_NO_THROW(RandomWalker(graph, {.path = {8}, .p = 0.001, .q = 1000}));
}

}  // namespace
}  // namespace weft::sampling
