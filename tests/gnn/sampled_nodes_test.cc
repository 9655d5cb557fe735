#include "gnn/sampled_nodes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tests/gnn/tiny_graph.h"

namespace weft::gnn {
namespace {

constexpr graph::TimeMs kHour = 3'600'000;

struct Bench {
  TestFolder folder;
  graph::Snapshot snapshot;
  Bench() : snapshot(make()) {}
  graph::Snapshot make() {
    GraphBuilder builder;
    const auto user = builder.nodes("user", 2);
    const auto item = builder.nodes("item", 3);
    const auto buys = builder.edges("buys", user, item, true, true);
    const auto likes = builder.edges("likes", user, item, false);
    builder.edge(buys, 0, 0, 1 * kHour, 1, 2.0F);
    builder.edge(buys, 0, 1, 90 * kHour, 2, 3.0F);
    builder.edge(buys, 1, 1, 99 * kHour, 3, 4.0F);
    builder.edge(likes, 0, 2, 0, 4);
    return builder.write(folder / "snapshot");
  }
  NodeSamplerSetup setup() const {
    return {.snapshot = &snapshot,
            .graph = graph::view(snapshot),
            .relations = snapshot.schema().relations(),
            .fan_outs = {10},
            .weights = true};
  }
};

TEST(SampledNodes, AgesAndWeightsBelongToTheirEdges) {
  const Bench bench;
  const NodeSampler sampler(bench.setup());
  NodeSampler::Scratch scratch;
  const std::vector<graph::NodeRef> seeds{{0, 0}};
  const std::vector<graph::TimeMs> before{100 * kHour};
  const SampledNodes nodes = sampler.sample({.nodes = seeds, .before = before}, 0, {}, scratch);
  std::size_t seen = 0;
  for (std::size_t i = 0; i < nodes.graph.relations.size(); ++i) {
    const sampling::RelationBlock& block = nodes.graph.relations[i];
    if (block.relation == 2) {
      EXPECT_TRUE(nodes.edges[i].ages.empty()) << "untimed";
      EXPECT_TRUE(nodes.edges[i].weights.empty()) << "unweighted";
    }
    if (block.relation != 0) continue;
    for (std::size_t e = 0; e < block.edges.size(); ++e, ++seen) {
      const bool first = block.edges[e] == 0;
      EXPECT_EQ(nodes.edges[i].ages[e], age_class((first ? 99 : 10) * kHour));
      EXPECT_EQ(nodes.edges[i].weights[e], first ? 2.0F : 3.0F);
    }
  }
  EXPECT_EQ(seen, 2u);
}

// What no input reads is left out: free vectors of types that have none, what picks stand for.
TEST(SampledNodes, WhatIsNotWantedIsLeftOut) {
  const Bench bench;
  NodeSampler::Scratch scratch;
  const std::vector<graph::NodeRef> seeds{{0, 0}};
  NodeSamplerSetup setup = bench.setup();
  setup.fan_outs = {1};
  setup.ages = false;
  const SampledNodes all = NodeSampler(setup).sample({.nodes = seeds}, 0, {}, scratch);
  setup.id_types = {1, 0};
  setup.stands_for = false;
  const SampledNodes some = NodeSampler(setup).sample({.nodes = seeds}, 0, {}, scratch);
  EXPECT_EQ(some.structure, all.structure);
  EXPECT_EQ(some.id_shown[0], all.id_shown[0]);
  EXPECT_EQ(all.id_shown[1][0], 1);
  EXPECT_EQ(some.id_shown[1], std::vector<std::uint8_t>(all.id_shown[1].size(), 0));
  EXPECT_EQ(all.edges[0].stands_for, std::vector<float>{2.0F});
  EXPECT_TRUE(some.edges[0].stands_for.empty());
}

TEST(SampledNodes, IdTypesAreEndsOfTheTargetAndTypesWithoutFields) {
  graph::Schema schema;
  const auto user = schema.add_node_type({.name = "user", .fields = {{.name = "age"}}});
  const auto item = schema.add_node_type({.name = "item", .fields = {{.name = "title"}}});
  schema.add_node_type({.name = "review", .fields = {{.name = "body"}}});
  schema.add_node_type({.name = "brand"});
  const auto buys = schema.add_edge_type({.name = "buys", .from = user, .to = item});
  EXPECT_EQ(id_types(schema, buys, {}), (std::vector<std::uint8_t>{1, 1, 0, 1}));
  EXPECT_EQ(id_types(schema, buys, {.id_embeddings = std::vector<std::string>{"review"}}),
            (std::vector<std::uint8_t>{0, 0, 1, 0}));
}

TEST(SampledNodes, AgesUnderABoundDoNotDependOnLaterEvents) {
  const Bench bench;
  std::vector<std::vector<std::uint8_t>> keep{{1, 0, 0}, {1}};
  const graph::FilteredGraph early(bench.snapshot, keep);
  NodeSamplerSetup of_early = bench.setup();
  of_early.graph = early.view();
  NodeSampler::Scratch scratch;
  const std::vector<graph::NodeRef> seeds{{0, 0}, {1, 1}};
  const std::vector<graph::TimeMs> before(2, 50 * kHour);
  const SampledNodes a =
      NodeSampler(bench.setup()).sample({.nodes = seeds, .before = before}, 0, {}, scratch);
  const SampledNodes b = NodeSampler(of_early).sample({.nodes = seeds, .before = before}, 0, {}, scratch);
  ASSERT_EQ(a.edges.size(), b.edges.size());
  for (std::size_t i = 0; i < a.edges.size(); ++i) EXPECT_EQ(a.edges[i].ages, b.edges[i].ages);
  EXPECT_EQ(a.structure, b.structure);
  EXPECT_EQ(a.id_shown, b.id_shown);
}

// One user with 40 purchases of weight 0, 1 or 50, and 30 views without weights. Each item was bought by 20
// more users.
struct Purchases {
  TestFolder folder;
  graph::Snapshot snapshot;
  Purchases() : snapshot(make()) {}
  graph::Snapshot make() {
    GraphBuilder builder;
    const auto user = builder.nodes("user", 21);
    const auto item = builder.nodes("item", 40);
    const auto buys = builder.edges("buys", user, item, true, true);
    for (graph::NodeId i = 0; i < 40; ++i)
      builder.edge(buys, 0, i, (i + 1) * kHour, i + 1, i < 4 ? 50.0F : i < 30 ? 1.0F : 0.0F);
    graph::EventId event = 100;
    for (graph::NodeId i = 0; i < 40; ++i) {
      for (graph::NodeId other = 1; other <= 20; ++other) builder.edge(buys, other, i, kHour, ++event, 1.0F);
    }
    const auto views = builder.edges("views", user, item, true, false);
    for (graph::NodeId i = 0; i < 30; ++i) builder.edge(views, 0, i, (i + 1) * kHour, ++event);
    return builder.write(folder / "snapshot");
  }
  SampledNodes sample(PickOrder picks, std::uint32_t step, std::vector<std::int64_t> fan_outs = {5},
                      bool replacement = false) const {
    const NodeSampler sampler({.snapshot = &snapshot,
                               .graph = graph::view(snapshot),
                               .relations = snapshot.schema().relations(),
                               .fan_outs = std::move(fan_outs),
                               .picks = picks,
                               .replacement = replacement,
                               .weights = true});
    NodeSampler::Scratch scratch;
    const std::vector<graph::NodeRef> seeds{{0, 0}};
    return sampler.sample({.nodes = seeds}, step, {}, scratch);
  }
};

// Of 40 purchases and of 30 views: a pick stands for its share of them, of fewer than one edge too.
TEST(SampledNodes, WithReplacementRowsHaveAsManyPicksAsAskedFor) {
  const Purchases shop;
  bool repeats = false;
  for (std::uint32_t step = 1; step <= 20; ++step) {
    const SampledNodes nodes = shop.sample(PickOrder::kUniform, step, {60}, true);
    std::vector<graph::EdgeId> edges = nodes.graph.relations[0].edges;
    ASSERT_EQ(edges.size(), 60u);
    std::sort(edges.begin(), edges.end());
    repeats = repeats || std::adjacent_find(edges.begin(), edges.end()) != edges.end();
    EXPECT_EQ(nodes.edges[0].stands_for, std::vector<float>{40.0F / 60.0F});
    EXPECT_EQ(nodes.edges[2].stands_for, std::vector<float>{0.5F});
  }
  EXPECT_TRUE(repeats);
}

// Relation 0: buys, weighted; 1: its reverse; 2: views, without weights.
TEST(SampledNodes, PicksFollowTheirOrder) {
  const Purchases shop;
  double heavy = 0;
  for (std::uint32_t step = 1; step <= 400; ++step) {
    const SampledNodes recent = shop.sample(PickOrder::kRecent, step);
    EXPECT_EQ(recent.graph.relations[0].edges, (std::vector<graph::EdgeId>{39, 38, 37, 36, 35}));
    EXPECT_TRUE(recent.edges[0].stands_for.empty());
    const SampledNodes uniform = shop.sample(PickOrder::kUniform, step);
    EXPECT_EQ(uniform.edges[0].stands_for, std::vector<float>{8.0F});
    EXPECT_EQ(uniform.edges[2].stands_for, std::vector<float>{6.0F});
    const SampledNodes weighted = shop.sample(PickOrder::kWeighted, step);
    ASSERT_EQ(weighted.edges[0].weights.size(), 5u);
    EXPECT_TRUE(weighted.edges[0].stands_for.empty());
    EXPECT_EQ(weighted.edges[2].stands_for, std::vector<float>{6.0F}) << "views are picked uniformly";
    for (const float weight : weighted.edges[0].weights) {
      EXPECT_GT(weight, 0.0F);
      heavy += weight == 50.0F ? 1 : 0;
    }
  }
  // Of five picks nearly four are heavy ones (each is left out with a chance of a few in a hundred).
  EXPECT_GT(heavy / 400, 3.5);
}

// The sum of what a layer-neighbour row's picks stand for is the row's number of edges on average, at each
// hop by its own fan-out: 40 purchases of the user by 8, and the 21 buyers of each item by 3.
TEST(SampledNodes, LaborPicksStandForTheirRowsOnAverage) {
  const Purchases shop;
  double purchases = 0;
  double buyers = 0;
  std::size_t items = 0;
  constexpr std::uint32_t steps = 2000;
  for (std::uint32_t step = 1; step <= steps; ++step) {
    const SampledNodes labor = shop.sample(PickOrder::kLabor, step, {8, 3});
    const auto sum = [&](std::size_t relation, std::size_t row) {
      const auto& block = labor.graph.relations[relation];
      const std::uint32_t picked = block.offsets[row + 1] - block.offsets[row];
      return picked == 0 ? 0.0 : static_cast<double>(picked) * labor.edges[relation].stands_for[row];
    };
    purchases += sum(0, 0);
    const std::size_t rows = labor.graph.relations[1].offsets.size() - 1;
    for (std::size_t row = 0; row < rows; ++row) buyers += sum(1, row);
    items += rows;
  }
  // Deviations: of a user's sum sqrt(40 * (40 / 8 - 1)) = 12.6; of an item's sqrt(21 * (21 / 3 - 1)) = 11.2,
  // the items of a step sharing their draws (10 or so of them). Five of those away: one in a million.
  EXPECT_NEAR(purchases / steps, 40, 5 * 12.6 / std::sqrt(steps));
  EXPECT_NEAR(buyers / static_cast<double>(items), 21, 5 * 11.2 / std::sqrt(steps));
}

// What a row hears over a walk relation is weighed by its share of the row's visits, whatever the weights of
// edges; a row that is shown as without events hears nothing, and the others what they hear without it.
TEST(SampledNodes, WalksWeighByTheirShareOfVisits) {
  TestFolder folder;
  GraphBuilder builder;
  const auto user = builder.nodes("user", 30);
  const auto item = builder.nodes("item", 20);
  const auto color = builder.nodes("color", 4);
  const auto buys = builder.edges("buys", user, item, true);
  const auto has = builder.edges("has", item, color, false);
  Dice dice(4);
  graph::EventId event = 0;
  for (graph::NodeId i = 0; i < 150; ++i)
    builder.edge(buys, dice.below(30), dice.below(20), (1 + dice.below(90)) * kHour, ++event);
  for (graph::NodeId i = 0; i < 20; ++i) builder.edge(has, i, i % 4, 0, ++event);
  const graph::Snapshot snapshot = builder.write(folder / "snapshot");
  NodeSamplerSetup setup{.snapshot = &snapshot,
                         .graph = graph::view(snapshot),
                         .target = buys,
                         .relations = {1},
                         .fan_outs = {4, 4},
                         .seed = 3};
  // Items by common buyers, and by common colours.
  setup.walks = {{.path = {1, 0}, .walks = 20, .rounds = 2, .stop = 0.5, .fan_outs = {5, 5}},
                 {.path = {2, 3}, .walks = 20, .rounds = 1, .fan_outs = {5, 5}}};
  const NodeSampler sampler(setup);
  NodeSampler::Scratch scratch;
  std::vector<graph::NodeRef> seeds;
  for (graph::NodeId i = 0; i < 20; ++i) seeds.push_back({item, i});
  const SampledNodes all = sampler.sample({.nodes = seeds}, 3, {}, scratch);
  ASSERT_EQ(all.graph.relations.size(), 3U);
  EXPECT_TRUE(all.edges[0].weights.empty());
  for (const std::size_t walks : {1U, 2U}) {
    const sampling::RelationBlock& block = all.graph.relations[walks];
    ASSERT_EQ(block.relation, 4 + 2 * (walks - 1));
    ASSERT_EQ(all.edges[walks].weights.size(), block.sources.size());
    EXPECT_TRUE(all.edges[walks].ages.empty());
    EXPECT_TRUE(all.edges[walks].stands_for.empty());
    std::size_t rows = 0;
    for (std::size_t row = 0; row + 1 < block.offsets.size(); ++row) {
      float sum = 0;
      for (std::uint32_t i = block.offsets[row]; i < block.offsets[row + 1]; ++i) {
        sum += all.edges[walks].weights[i];
        EXPECT_FLOAT_EQ(all.edges[walks].weights[i] * static_cast<float>(block.visits[block.offsets[row]]),
                        all.edges[walks].weights[block.offsets[row]] * static_cast<float>(block.visits[i]));
      }
      if (block.offsets[row] == block.offsets[row + 1]) continue;
      EXPECT_NEAR(sum, 1, 1e-5);
      ++rows;
    }
    EXPECT_GT(rows, 15U);
  }
  const SampledNodes some = sampler.sample({.nodes = seeds}, 3, {.cold_items = 0.5}, scratch);
  std::size_t hidden = 0;
  for (std::size_t row = 0; row < 20; ++row) {
    const auto picks = [&](const SampledNodes& nodes, std::size_t walks) {
      const sampling::RelationBlock& block = nodes.graph.relations[walks];
      return std::vector<std::uint32_t>(block.visits.begin() + block.offsets[row],
                                        block.visits.begin() + block.offsets[row + 1]);
    };
    EXPECT_EQ(picks(some, 2), picks(all, 2)) << "colours are no events";
    if (picks(some, 1) == picks(all, 1)) continue;
    EXPECT_TRUE(picks(some, 1).empty());
    ++hidden;
  }
  EXPECT_GT(hidden, 3U);
  EXPECT_LT(hidden, 17U);
  EXPECT_EQ(some.edges[1].weights.size(), some.graph.relations[1].sources.size());
  EXPECT_EQ(some.graph.relations[1].visits.size(), some.graph.relations[1].sources.size());
}

TEST(FollowedRelations, NamesStandForOneOrBothDirections) {
  const Bench bench;
  const graph::Schema& schema = bench.snapshot.schema();
  EXPECT_EQ(followed_relations(schema, {}), (std::vector<graph::RelationId>{0, 1, 2, 3}));
  EXPECT_EQ(followed_relations(schema, {"buys"}), (std::vector<graph::RelationId>{2, 3}));
  EXPECT_EQ(followed_relations(schema, {"rev_buys", "likes"}), (std::vector<graph::RelationId>{0}));
  EXPECT_THROW(followed_relations(schema, {"rev_buy"}), Error);
}

}  // namespace
}  // namespace weft::gnn
