#include "sampling/neighbor_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <tuple>

#include "base/error.h"
#include "sampling/loader.h"
#include "tests/sampling/chi_square.h"
#include "tests/sampling/law_rounds.h"
#include "tests/sampling/random_batches.h"
#include "tests/sampling/random_graph.h"
#include "tests/sampling/reference_sampler.h"

namespace weft::sampling {
namespace {

using testing::expect_equal;
using testing::random_batch;
using testing::random_options;
using testing::RandomBatch;
using testing::ReferenceSampler;
using testing::TestGraph;

class EqualsReference : public ::testing::TestWithParam<std::uint32_t> {};

// One scratch and one output for all batches, as in use: what a batch leaves behind must not show in the
// next.
TEST_P(EqualsReference, OnRandomGraphsAndOptions) {
  std::mt19937 random(GetParam());
  NeighborSampler::Scratch scratch;
  Subgraph out;
  std::size_t picks = 0, visited = 0;
  for (int round = 0; round < 12; ++round) {
    const std::uint32_t users = 1 + random() % 60;
    const std::uint32_t items = 1 + random() % 40;
    const auto shop = testing::random_shop(GetParam() * 100 + round, users, items, 20 + random() % 900);
    const graph::GraphView graph = shop->view();
    SamplerOptions options = random_options(shop->schema(), random);
    options.walks = testing::random_walks(shop->schema(), options.fan_outs.size(), random);
    const NeighborSampler sampler(graph, options);
    ReferenceSampler reference(graph, options);
    for (std::uint32_t step = 0; step < 8; ++step) {
      const RandomBatch batch = random_batch(graph, random);
      sampler.sample(batch.view(), step, scratch, out);
      expect_equal(out, reference.sample(batch.view(), step));
      for (const RelationBlock& block : out.relations) {
        picks += block.edges.size();
        visited += block.visits.size();
      }
      if (HasFailure()) FAIL() << "seed " << GetParam() << ", round " << round << ", step " << step;
    }
  }
  EXPECT_GT(picks, 1000u);
  EXPECT_GT(visited, 1000u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, EqualsReference, ::testing::Range(1u, 25u));

// One user with `degree` edges to items 0 .. degree - 1, event id of item i = 100 + i.
std::unique_ptr<TestGraph> star(graph::NodeId degree) {
  auto graph = std::make_unique<TestGraph>();
  graph->add_nodes("user", 1);
  graph->add_nodes("item", degree);
  graph->add_edges("buys", 0, 1, true);
  for (graph::NodeId i = 0; i < degree; ++i) graph->add_edge(0, 0, i, static_cast<TimeMs>(10 * i), 100 + i);
  return graph;
}

std::vector<NodeId> picked_items(const Subgraph& out) {
  std::vector<NodeId> items;
  for (const std::uint32_t source : out.relations[0].sources) items.push_back(out.nodes[1][source]);
  return items;
}

// Every allowed item equally often, the excluded ones never: with few exclusions (the first picks often
// stand) and with many (they seldom do). Inclusions of one step are not independent: see
// IncludesEveryPositionEquallyOften. False alarm: one in a million.
TEST(ExcludedEvents, LeaveTheLawOfTheOthersUniform) {
  const auto shop = star(30);
  const graph::GraphView graph = shop->view();
  for (const std::uint32_t hidden : {1u, 5u, 18u}) {
    constexpr std::uint32_t k = 8;
    const auto rounds = static_cast<std::uint32_t>(testing::rounds(40000));
    const NeighborSampler sampler(graph, {.seed = hidden - 1 + testing::law_seed(), .fan_outs = {{k, 0}}});
    std::vector<EventId> excluded;
    for (std::uint32_t i = 0; i < hidden; ++i) excluded.push_back(100 + i * 5 / 3);
    const std::vector<NodeRef> nodes = {{0, 0}};
    NeighborSampler::Scratch scratch;
    Subgraph out;
    std::vector<double> seen(30);
    for (std::uint32_t step = 0; step < rounds; ++step) {
      sampler.sample({.nodes = nodes, .excluded = excluded}, step, scratch, out);
      ASSERT_EQ(out.nodes[1].size(), k);  // k distinct items
      for (const NodeId item : out.nodes[1]) ++seen[item];
    }
    const double allowed = 30.0 - hidden;
    const double p = k / allowed;
    double sum = 0;
    for (std::uint32_t item = 0; item < 30; ++item) {
      if (std::binary_search(excluded.begin(), excluded.end(), 100 + item)) {
        EXPECT_EQ(seen[item], 0);
      } else {
        sum += (seen[item] - rounds * p) * (seen[item] - rounds * p);
      }
    }
    testing::expect_chi_square_below(sum / (rounds * p * (1 - p) * allowed / (allowed - 1)), allowed - 1,
                                     std::uint64_t{k} * rounds);
  }
}

// Likewise without exclusions, and with a bound in the middle of the row.
TEST(UniformLaw, IncludesEveryEdgeBeforeTheBoundEquallyOften) {
  const auto shop = star(40);
  const graph::GraphView graph = shop->view();
  constexpr std::uint32_t k = 6;
  const auto rounds = static_cast<std::uint32_t>(testing::rounds(40000));
  const NeighborSampler sampler(graph, {.seed = testing::law_seed() - 1, .fan_outs = {{k, 0}}});
  const std::vector<NodeRef> nodes = {{0, 0}};
  for (const std::uint32_t visible : {25u, 40u}) {
    const std::vector<TimeMs> before = {visible == 40 ? graph::kEndOfTime : TimeMs{10 * visible}};
    NeighborSampler::Scratch scratch;
    Subgraph out;
    std::vector<double> seen(40);
    for (std::uint32_t step = 0; step < rounds; ++step) {
      sampler.sample({.nodes = nodes, .before = before}, step, scratch, out);
      for (const NodeId item : out.nodes[1]) ++seen[item];
    }
    const double p = static_cast<double>(k) / visible;
    double sum = 0;
    for (std::uint32_t item = 0; item < visible; ++item)
      sum += (seen[item] - rounds * p) * (seen[item] - rounds * p);
    for (std::uint32_t item = visible; item < 40; ++item) EXPECT_EQ(seen[item], 0);
    testing::expect_chi_square_below(sum / (rounds * p * (1 - p) * visible / (visible - 1.0)), visible - 1.0,
                                     std::uint64_t{k} * rounds);
  }
}

TEST(MostRecentLaw, TakesTheLastOfThePrefixNewestFirst) {
  const auto shop = star(9);
  const NeighborSampler sampler(shop->view(), {.fan_outs = {{4, 0}}, .law = PickLaw::kMostRecent});
  NeighborSampler::Scratch scratch;
  Subgraph out;
  const std::vector<NodeRef> nodes = {{0, 0}};
  sampler.sample({.nodes = nodes}, 1, scratch, out);
  EXPECT_EQ(picked_items(out), (std::vector<NodeId>{8, 7, 6, 5}));
  const std::vector<TimeMs> before = {70};
  const std::vector<EventId> excluded = {105};
  sampler.sample({.nodes = nodes, .before = before, .excluded = excluded}, 1, scratch, out);
  EXPECT_EQ(picked_items(out), (std::vector<NodeId>{6, 4, 3, 2}));
}

TEST(FullNeighbourhood, IsInRowOrder) {
  const auto shop = star(9);
  NeighborSampler::Scratch scratch;
  Subgraph out;
  const std::vector<NodeRef> nodes = {{0, 0}};
  for (const std::uint32_t fan_out : {9u, 10u, kAllNeighbours}) {
    const NeighborSampler sampler(shop->view(), {.fan_outs = {{fan_out, 0}}});
    sampler.sample({.nodes = nodes}, 1, scratch, out);
    EXPECT_EQ(picked_items(out), (std::vector<NodeId>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
  }
}

// A tree's picks are the same alone, in a batch, in another order, beside other trees, and on any thread.
TEST(Picks, OfATreeDoNotDependOnTheBatch) {
  const auto shop = testing::random_shop(11, 60, 50, 1500);
  const graph::GraphView graph = shop->view();
  const NeighborSampler sampler(graph, {.seed = 5, .fan_outs = uniform_fan_outs(shop->schema(), {5, 4})});
  const auto tree_edges = [&](const std::vector<std::uint32_t>& order, std::uint32_t wanted) {
    std::vector<NodeRef> nodes;
    for (const std::uint32_t root : order) nodes.push_back({0, root % 60});
    NeighborSampler::Scratch scratch;
    Subgraph out;
    sampler.sample({.nodes = nodes, .roots = order}, 3, scratch, out);
    const auto tree =
        static_cast<std::uint32_t>(std::find(order.begin(), order.end(), wanted) - order.begin());
    std::vector<std::tuple<RelationId, NodeId, EdgeId>> edges;
    for (const RelationBlock& block : out.relations) {
      const NodeTypeId type = shop->schema().row_type(block.relation);
      for (std::uint32_t row = 0; row + 1 < block.offsets.size(); ++row) {
        if (out.trees[type][row] != tree) continue;
        for (std::uint32_t at = block.offsets[row]; at < block.offsets[row + 1]; ++at) {
          edges.emplace_back(block.relation, out.nodes[type][row], block.edges[at]);
        }
      }
    }
    return edges;
  };
  for (const std::uint32_t root : {7u, 31u, 100u}) {
    const auto alone = tree_edges({root}, root);
    EXPECT_FALSE(alone.empty());
    EXPECT_EQ(tree_edges({100, 7, 31, 8, 9}, root), alone);
    EXPECT_EQ(tree_edges({9, 31, 7, 100}, root), alone);
    std::vector<std::tuple<RelationId, NodeId, EdgeId>> on_thread;
    std::thread([&] { on_thread = tree_edges({root, 3}, root); }).join();
    EXPECT_EQ(on_thread, alone);
  }
  EXPECT_NE(tree_edges({7}, 7), tree_edges({67}, 67));  // the same user under another root key
}

// A node's picks in a shared frontier do not depend on its companions either.
TEST(Picks, OfASharedFrontierDoNotDependOnTheBatch) {
  const auto shop = testing::random_shop(12, 60, 50, 1500);
  const graph::GraphView graph = shop->view();
  const NeighborSampler sampler(graph, {.seed = 5, .fan_outs = uniform_fan_outs(shop->schema(), {5})});
  NeighborSampler::Scratch scratch;
  Subgraph all;
  std::vector<NodeRef> nodes;
  for (NodeId i = 60; i-- > 0;) nodes.push_back({0, i});
  sampler.sample({.nodes = nodes}, 0, scratch, all);
  for (NodeId i = 0; i < 60; ++i) {
    Subgraph alone;
    const std::vector<NodeRef> one = {{0, i}};
    sampler.sample({.nodes = one}, 0, scratch, alone);
    for (std::size_t r = 0; r < all.relations.size(); ++r) {
      const RelationBlock& block = all.relations[r];
      if (shop->schema().row_type(block.relation) != 0) continue;
      const std::uint32_t row = 59 - i;
      const std::vector<EdgeId> edges(block.edges.begin() + block.offsets[row],
                                      block.edges.begin() + block.offsets[row + 1]);
      EXPECT_EQ(alone.relations[r].edges, edges);
    }
  }
}

// Many threads on one sampler, each with its own scratch: the same subgraphs as one after the other.
TEST(NeighborSampler, IsTheSameOnAnyNumberOfThreads) {
  const auto shop = testing::random_shop(13, 60, 50, 1500);
  const graph::GraphView graph = shop->view();
  const NeighborSampler sampler(
      graph, {.seed = 5,
              .fan_outs = uniform_fan_outs(shop->schema(), {6, 3}),
              .walks = {{.path = {0, 1}, .walks = 10, .rounds = 2, .stop = 0.25, .fan_outs = {5, 2}}}});
  const auto make = [&](std::uint64_t step, NeighborSampler::Scratch& scratch) {
    std::vector<NodeRef> nodes;
    for (std::uint32_t i = 0; i < 20; ++i) nodes.push_back({0, static_cast<NodeId>((step * 7 + i * 3) % 60)});
    Subgraph out;
    sampler.sample({.nodes = nodes}, static_cast<std::uint32_t>(step), scratch, out);
    return out;
  };
  NeighborSampler::Scratch scratch;
  std::vector<Subgraph> expected;
  for (std::uint64_t step = 1; step <= 30; ++step) expected.push_back(make(step, scratch));
  for (const std::size_t threads : {0u, 1u, 2u, 4u}) {
    std::vector<NeighborSampler::Scratch> scratches(std::max<std::size_t>(threads, 1));
    Loader<Subgraph> loader(1, 31, threads, 4, [&](std::uint64_t step, std::size_t worker) {
      return make(step, scratches[worker]);
    });
    for (const Subgraph& subgraph : expected) {
      const auto batch = loader.next();
      ASSERT_TRUE(batch.has_value());
      expect_equal(*batch, subgraph);
    }
  }
}

TEST(NeighborSampler, SamplesNothingForAnEmptyBatch) {
  const auto shop = star(3);
  const NeighborSampler sampler(shop->view(), {.fan_outs = {{2, 2}, {2, 2}}});
  NeighborSampler::Scratch scratch;
  Subgraph out;
  sampler.sample({}, 1, scratch, out);
  EXPECT_TRUE(out.seeds.empty());
  EXPECT_EQ(out.hop_ends, (std::vector<std::vector<std::uint32_t>>(2, {0, 0, 0})));
  for (const RelationBlock& block : out.relations) EXPECT_EQ(block.offsets, std::vector<std::uint32_t>{0});
}

TEST(NeighborSampler, RefusesFanOutsThatDoNotFit) {
  const auto shop = star(3);
  const graph::GraphView graph = shop->view();
  EXPECT_THROW(NeighborSampler(graph, {.fan_outs = {{2}}}), Error);
  EXPECT_THROW(NeighborSampler(graph, {.fan_outs = std::vector(256, std::vector<std::uint32_t>(2, 1))}),
               Error);
  EXPECT_NO_THROW(NeighborSampler(graph, {.fan_outs = std::vector(255, std::vector<std::uint32_t>(2, 0))}));
}

TEST(NeighborSampler, RefusesLawsThatDoNotGoTogether) {
  const auto shop = star(3);
  const graph::GraphView graph = shop->view();
  const auto make = [&](PickLaw law, Replacement replacement, std::uint32_t fan_out) {
    return NeighborSampler(graph, {.fan_outs = {{fan_out, 0}}, .law = law, .replacement = replacement});
  };
  EXPECT_THROW(make(PickLaw::kMostRecent, Replacement::kWith, 2), Error);
  EXPECT_THROW(make(PickLaw::kLabor, Replacement::kWith, 2), Error);
  EXPECT_THROW(make(PickLaw::kUniform, Replacement::kWith, (1u << 24) + 1), Error);
  EXPECT_THROW(make(PickLaw::kWeighted, Replacement::kWithout, (1u << 24) + 1), Error);
  EXPECT_NO_THROW(make(PickLaw::kUniform, Replacement::kWithout, (1u << 24) + 1));
  EXPECT_NO_THROW(make(PickLaw::kWeighted, Replacement::kWith, kAllNeighbours));
}

TEST(NeighborSampler, RefusesWalksThatDoNotGoTogether) {
  const auto shop = testing::random_shop(1);
  const graph::GraphView graph = shop->view();
  const auto make = [&](const WalkRelation& walk) {
    return NeighborSampler(graph, {.fan_outs = uniform_fan_outs(shop->schema(), {2, 2}), .walks = {walk}});
  };
  const WalkRelation good{.path = {1, 0}, .walks = 3, .rounds = 2, .fan_outs = {2, 0}};
  EXPECT_NO_THROW(make(good));
  WalkRelation walk = good;
  walk.fan_outs = {2};
  EXPECT_THROW(make(walk), Error) << "two hops";
  walk = good;
  walk.path = {1};
  EXPECT_THROW(make(walk), Error) << "does not come back to the items";
  walk = good;
  walk.walks = 0;
  EXPECT_THROW(make(walk), Error);
  walk = good;
  walk.rounds = 0;
  EXPECT_THROW(make(walk), Error);
  walk = good;
  walk.stop = 1;
  EXPECT_THROW(make(walk), Error);
  walk = good;
  walk.walks = 1u << 22;
  EXPECT_THROW(make(walk), Error) << "2^24 steps";
  walk.walks = (1u << 22) - 1;
  EXPECT_NO_THROW(make(walk));
}

TEST(NeighborSamplerDeathTest, StopsOnANodeThatIsNotThere) {
  const auto shop = star(3);
  const NeighborSampler sampler(shop->view(), {.fan_outs = {{2, 2}}});
  NeighborSampler::Scratch scratch;
  Subgraph out;
  const std::vector<NodeRef> nodes = {{1, 3}};
  EXPECT_DEATH(sampler.sample({.nodes = nodes}, 1, scratch, out), "check failed");
}

TEST(UniformFanOuts, LeaveOutTheRedundantHalfOfSymmetricTypes) {
  const auto shop = testing::random_shop(1);
  const auto fan_outs = uniform_fan_outs(shop->schema(), {7, 2});
  ASSERT_EQ(fan_outs.size(), 2u);
  EXPECT_EQ(fan_outs[0], (std::vector<std::uint32_t>{7, 7, 7, 7, 7, 7, 7, 7, 7, 0}));
  EXPECT_EQ(fan_outs[1], (std::vector<std::uint32_t>{2, 2, 2, 2, 2, 2, 2, 2, 2, 0}));
}

}  // namespace
}  // namespace weft::sampling
