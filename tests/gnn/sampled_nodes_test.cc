#include "gnn/sampled_nodes.h"

#include <gtest/gtest.h>

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
