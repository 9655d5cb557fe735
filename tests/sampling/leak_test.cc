// Planted leaks: edges that would give the supervised answer away. Each test first shows that the sampler
// does find the edge when nothing hides it, then that the mask or the bound hides it from every hop,
// direction and law.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "sampling/neighbor_sampler.h"
#include "tests/sampling/random_graph.h"

namespace weft::sampling {
namespace {

using testing::TestGraph;

constexpr EventId kSupervised = 500;
constexpr EventId kRepeat = 501;
constexpr EventId kFuture = 502;
constexpr TimeMs kNow = 1000;

// User 0 buys item 0 at kNow (the supervised event, with its review), bought it before at 900 (a repeat of
// the pair) and buys item 1 later. Others give the rows enough edges to choose from.
std::unique_ptr<TestGraph> planted(bool timed) {
  auto shop = std::make_unique<TestGraph>();
  const auto user = shop->add_nodes("user", 30);
  const auto item = shop->add_nodes("item", 40);
  const auto review = shop->add_nodes("review", 2);
  const auto buys = shop->add_edges("buys", user, item, timed);
  const auto wrote = shop->add_edges("wrote", user, review, timed);
  const auto about = shop->add_edges("about", review, item, timed);
  shop->add_edge(buys, 0, 0, kNow, kSupervised);
  shop->add_edge(wrote, 0, 0, kNow, kSupervised);
  shop->add_edge(about, 0, 0, kNow, kSupervised);
  shop->add_edge(buys, 0, 0, 900, kRepeat);
  shop->add_edge(wrote, 0, 1, 900, kRepeat);
  shop->add_edge(about, 1, 0, 900, kRepeat);
  shop->add_edge(buys, 0, 1, kNow + 50, kFuture);
  EventId event = 1000;
  for (graph::NodeId i = 2; i < 12; ++i) shop->add_edge(buys, 0, i, 100 + i, ++event);
  for (graph::NodeId who = 1; who < 30; ++who) {
    for (graph::NodeId what = 0; what < 6; ++what)
      shop->add_edge(buys, who, (who * 7 + what * 5) % 40, 10 + who + what, ++event);
    shop->add_edge(buys, who, who % 2, 50, ++event);  // all know item 0 or item 1
  }
  return shop;
}

// The events of all edges sampled for user 0 and item 0 over many steps.
std::set<EventId> found(const TestGraph& shop, const graph::GraphView& graph, PickLaw law,
                        std::vector<EventId> excluded, TimeMs before, bool trees) {
  const NeighborSampler sampler(
      graph, {.seed = 3, .fan_outs = uniform_fan_outs(shop.schema(), {4, 3, 2}), .law = law});
  const std::vector<NodeRef> nodes = {{0, 0}, {1, 0}};
  const std::vector<TimeMs> bounds(2, before);
  const std::vector<std::uint32_t> roots(2, 77);
  const std::vector<std::uint32_t> offsets = {0, static_cast<std::uint32_t>(excluded.size())};
  SeedBatch batch{.nodes = nodes, .before = bounds, .excluded = excluded};
  if (trees) batch.roots = roots;
  if (trees) batch.excluded_offsets = offsets;
  NeighborSampler::Scratch scratch;
  Subgraph out;
  std::set<EventId> events;
  for (std::uint32_t step = 0; step < 200; ++step) {
    sampler.sample(batch, step, scratch, out);
    for (const RelationBlock& block : out.relations) {
      for (const EdgeId edge : block.edges)
        events.insert(graph.events[graph::edge_type_of(block.relation)][edge]);
    }
  }
  return events;
}

class PlantedLeaks : public ::testing::TestWithParam<std::tuple<PickLaw, bool>> {};
INSTANTIATE_TEST_SUITE_P(LawsAndTrees, PlantedLeaks,
                         ::testing::Combine(::testing::Values(PickLaw::kUniform, PickLaw::kMostRecent),
                                            ::testing::Bool()));

// Edge, reverse, review node and both of its edges carry one event: all are found without a mask, none with
// it; repeats of the pair likewise; everything else is still there.
TEST_P(PlantedLeaks, SupervisedEventAndRepeatsAreMasked) {
  const auto [law, trees] = GetParam();
  for (const bool timed : {false, true}) {
    const auto shop = planted(timed);
    const graph::GraphView graph = shop->view();
    const auto open = found(*shop, graph, law, {}, graph::kEndOfTime, trees);
    EXPECT_TRUE(open.contains(kSupervised));
    EXPECT_TRUE(open.contains(kRepeat));
    const auto masked = found(*shop, graph, law, {kSupervised, kRepeat}, graph::kEndOfTime, trees);
    EXPECT_FALSE(masked.contains(kSupervised));
    EXPECT_FALSE(masked.contains(kRepeat));
    EXPECT_GT(masked.size(), 20u);
    const auto half_masked = found(*shop, graph, law, {kSupervised}, graph::kEndOfTime, trees);
    EXPECT_FALSE(half_masked.contains(kSupervised));
    EXPECT_TRUE(half_masked.contains(kRepeat));
  }
}

// Strictly before: the supervised event at its own time and the later one are out of sight; the earlier
// repeat is history.
TEST_P(PlantedLeaks, NothingAtOrAfterTheBoundIsSeen) {
  const auto [law, trees] = GetParam();
  const auto shop = planted(true);
  const graph::GraphView graph = shop->view();
  const auto open = found(*shop, graph, law, {}, graph::kEndOfTime, trees);
  EXPECT_TRUE(open.contains(kSupervised));
  EXPECT_TRUE(open.contains(kFuture));
  const auto bounded = found(*shop, graph, law, {}, kNow, trees);
  EXPECT_FALSE(bounded.contains(kSupervised));
  EXPECT_FALSE(bounded.contains(kFuture));
  EXPECT_TRUE(bounded.contains(kRepeat));
}

// With the supervised event masked, the user's row, its reverse at the item, and the review's rows are each
// empty of it.
TEST_P(PlantedLeaks, AreMaskedInEveryDirection) {
  const auto [law, trees] = GetParam();
  const auto shop = planted(false);
  const graph::GraphView graph = shop->view();
  const NeighborSampler sampler(graph,
                                {.fan_outs = uniform_fan_outs(shop->schema(), {kAllNeighbours}), .law = law});
  const std::vector<NodeRef> nodes = {{0, 0}, {1, 0}, {2, 0}, {2, 1}};
  const std::vector<std::uint32_t> roots(4, 1);
  const std::vector<EventId> excluded = {kSupervised};
  const auto count_directions = [&](std::span<const EventId> hidden) {
    SeedBatch batch{.nodes = nodes, .excluded = hidden};
    if (trees) batch.roots = roots;
    NeighborSampler::Scratch scratch;
    Subgraph out;
    sampler.sample(batch, 1, scratch, out);
    std::multiset<RelationId> relations;
    for (const RelationBlock& block : out.relations) {
      for (const EdgeId edge : block.edges) {
        if (graph.events[graph::edge_type_of(block.relation)][edge] == kSupervised)
          relations.insert(block.relation);
      }
    }
    return relations;
  };
  EXPECT_EQ(count_directions({}), (std::multiset<RelationId>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(count_directions(excluded), std::multiset<RelationId>{});
}

// What one tree hides, another may see; trees share no node.
TEST(DisjointTrees, HideTheirOwnEventsOnly) {
  const auto shop = planted(true);
  const graph::GraphView graph = shop->view();
  const NeighborSampler sampler(graph, {.fan_outs = uniform_fan_outs(shop->schema(), {kAllNeighbours})});
  const std::vector<NodeRef> nodes = {{0, 0}, {0, 0}};
  const std::vector<TimeMs> before = {graph::kEndOfTime, 905};
  const std::vector<std::uint32_t> roots = {10, 20};
  const std::vector<EventId> excluded = {kSupervised};
  const std::vector<std::uint32_t> offsets = {0, 1, 1};
  NeighborSampler::Scratch scratch;
  Subgraph out;
  sampler.sample({nodes, before, roots, excluded, offsets}, 1, scratch, out);
  const RelationBlock& buys = out.relations[0];
  ASSERT_EQ(buys.offsets,
            (std::vector<std::uint32_t>{0, 12, 23}));  // 13 less the supervised one; 11 before 905
  for (std::uint32_t row = 0; row < 2; ++row) {
    for (std::uint32_t at = buys.offsets[row]; at < buys.offsets[row + 1]; ++at) {
      EXPECT_EQ(out.trees[1][buys.sources[at]], row);
      const EventId event = graph.events[0][buys.edges[at]];
      EXPECT_NE(event, kSupervised);
      EXPECT_FALSE(row == 1 && event == kFuture);
    }
  }
}

}  // namespace
}  // namespace weft::sampling
