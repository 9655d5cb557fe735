// The laws of the picks, by their frequencies. Each test has a false-alarm rate of one in a million; seeds
// are fixed, so that a test that passes once always passes. WEFT_LAW_ROUNDS multiplies the draws (1 by
// default), for long runs with other seeds: WEFT_LAW_SEED.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include "sampling/floyd_rows.h"
#include "sampling/neighbor_sampler.h"
#include "tests/sampling/chi_square.h"
#include "tests/sampling/law_rounds.h"
#include "tests/sampling/random_graph.h"

namespace weft::sampling {
namespace {

using testing::chi_square;
using testing::expect_chi_square_below;
using testing::law_seed;
using testing::rounds;
using testing::TestGraph;

// One user with an edge to each item in time order: item i at time 10 i, event 100 + i, weight weights[i].
std::unique_ptr<TestGraph> star(const std::vector<float>& weights) {
  auto graph = std::make_unique<TestGraph>();
  graph->add_nodes("user", 1);
  graph->add_nodes("item", static_cast<NodeId>(weights.size()));
  graph->add_edges("buys", 0, 1, true);
  for (NodeId i = 0; i < weights.size(); ++i)
    graph->add_edge(0, 0, i, static_cast<TimeMs>(10 * i), 100 + i, weights[i]);
  return graph;
}

// What is drawn from a star, and which of its edges can be seen.
struct Setting {
  std::vector<float> weights = {};
  std::uint32_t visible = 0;               // by a time bound
  std::vector<std::uint32_t> hidden = {};  // by exclusion
  std::uint32_t fan_out = 0;
  PickLaw law = PickLaw::kUniform;
  Replacement replacement = Replacement::kWithout;

  // Weight by the law, 0 for what cannot be picked.
  std::vector<double> chances() const {
    std::vector<double> result(weights.size(), 0);
    for (std::uint32_t i = 0; i < visible; ++i) {
      if (std::count(hidden.begin(), hidden.end(), i) == 0)
        result[i] = law == PickLaw::kWeighted ? weights[i] : 1;
    }
    return result;
  }
};

// Calls use(items in the order of their picks) for every step.
void draw(const Setting& setting, std::uint64_t steps,
          const std::function<void(const std::vector<std::uint32_t>&)>& use) {
  const auto shop = star(setting.weights);
  const NeighborSampler sampler(shop->view(), {.seed = law_seed(),
                                               .fan_outs = {{setting.fan_out, 0}},
                                               .law = setting.law,
                                               .replacement = setting.replacement});
  const std::vector<NodeRef> nodes = {{0, 0}};
  const std::vector<TimeMs> before = {static_cast<TimeMs>(10 * setting.visible)};
  std::vector<EventId> excluded;
  for (const std::uint32_t i : setting.hidden) excluded.push_back(100 + i);
  NeighborSampler::Scratch scratch;
  Subgraph out;
  std::vector<std::uint32_t> items;
  for (std::uint64_t step = 0; step < steps; ++step) {
    sampler.sample({.nodes = nodes, .before = before, .excluded = excluded}, static_cast<std::uint32_t>(step),
                   scratch, out);
    items.clear();
    for (const std::uint32_t source : out.relations[0].sources) items.push_back(out.nodes[1][source]);
    use(items);
  }
}

struct Named {
  const char* name;
  Setting setting;
};

const std::vector<float> kMixed = {3, 0, 1, 7, 0.5F, 2, 0, 11, 1, 4, 6, 1};
const std::vector<float> kHeavy = {1, 1000, 1, 2, 0, 3, 500, 1};  // proposals hit the two again and again

// Draws are independent: all of a step's draws at all positions, against their chances; and whether
// neighbouring draws agree.
class WithReplacement : public ::testing::TestWithParam<Named> {};
INSTANTIATE_TEST_SUITE_P(
    Cases, WithReplacement,
    ::testing::Values(
        Named{"uniform", {kMixed, 12, {}, 5, PickLaw::kUniform, Replacement::kWith}},
        Named{"uniform_more_draws_than_edges", {kMixed, 3, {}, 9, PickLaw::kUniform, Replacement::kWith}},
        Named{"uniform_bounded_excluding", {kMixed, 9, {0, 4, 5}, 4, PickLaw::kUniform, Replacement::kWith}},
        Named{"weighted", {kMixed, 12, {}, 5, PickLaw::kWeighted, Replacement::kWith}},
        Named{"weighted_bounded", {kMixed, 7, {}, 5, PickLaw::kWeighted, Replacement::kWith}},
        Named{"weighted_bounded_excluding",
              {kMixed, 11, {3, 7, 10}, 4, PickLaw::kWeighted, Replacement::kWith}},
        Named{"weighted_heavy", {kHeavy, 8, {1}, 3, PickLaw::kWeighted, Replacement::kWith}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_P(WithReplacement, EveryPairOfDrawsHasTheProductOfTheChances) {
  const Setting& setting = GetParam().setting;
  const std::vector<double> chances = setting.chances();
  const double total = std::accumulate(chances.begin(), chances.end(), 0.0);
  const std::size_t n = chances.size();
  std::vector<std::uint64_t> seen(n * n, 0);  // draws 0 and 1, 2 and 3, ...
  std::uint64_t pairs = 0;
  draw(setting, rounds(60000), [&](const std::vector<std::uint32_t>& items) {
    ASSERT_EQ(items.size(), setting.fan_out);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2, ++pairs) ++seen[items[i] * n + items[i + 1]];
  });
  std::vector<std::uint64_t> pooled;
  std::vector<double> expected;
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = 0; b < n; ++b) {
      const double chance = chances[a] * chances[b] / (total * total) * static_cast<double>(pairs);
      if (chance == 0) {
        ASSERT_EQ(seen[a * n + b], 0u) << a << " " << b << " may not be picked";
        continue;
      }
      if (!expected.empty() && expected.back() < 5) {  // chi-square wants no rare cells
        expected.back() += chance;
        pooled.back() += seen[a * n + b];
      } else {
        expected.push_back(chance);
        pooled.push_back(seen[a * n + b]);
      }
    }
  }
  expect_chi_square_below(chi_square(pooled, expected), static_cast<double>(pooled.size()) - 1, pairs * 2);
}

// Without replacement, each ordered sequence has the product of its chances among what is left.
class WeightedWithoutReplacement : public ::testing::TestWithParam<Named> {};
INSTANTIATE_TEST_SUITE_P(
    Cases, WeightedWithoutReplacement,
    ::testing::Values(Named{"two", {kMixed, 12, {}, 2, PickLaw::kWeighted}},
                      Named{"three_bounded", {kMixed, 8, {}, 3, PickLaw::kWeighted}},
                      Named{"two_excluding_one", {kMixed, 12, {7}, 2, PickLaw::kWeighted}},
                      Named{"three_bounded_excluding", {kMixed, 11, {0, 3, 7}, 3, PickLaw::kWeighted}},
                      Named{"heavy_three", {kHeavy, 8, {}, 3, PickLaw::kWeighted}},
                      Named{"heavy_four", {kHeavy, 8, {}, 4, PickLaw::kWeighted}},
                      Named{"heavy_excluding_the_heaviest", {kHeavy, 8, {1}, 3, PickLaw::kWeighted}},
                      Named{"all_but_one", {{1, 2, 3, 4, 5}, 5, {}, 4, PickLaw::kWeighted}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_P(WeightedWithoutReplacement, EverySequenceHasItsChance) {
  const Setting& setting = GetParam().setting;
  const std::vector<double> chances = setting.chances();
  std::map<std::vector<std::uint32_t>, double> expected;
  const std::uint64_t steps = rounds(200000);
  std::vector<std::uint32_t> sequence;
  const std::function<void(double, double)> enumerate = [&](double chance, double left) {
    if (sequence.size() == setting.fan_out) {
      expected[sequence] = chance * static_cast<double>(steps);
      return;
    }
    for (std::uint32_t i = 0; i < chances.size(); ++i) {
      if (chances[i] == 0 || std::count(sequence.begin(), sequence.end(), i) != 0) continue;
      sequence.push_back(i);
      enumerate(chance * chances[i] / left, left - chances[i]);
      sequence.pop_back();
    }
  };
  enumerate(1, std::accumulate(chances.begin(), chances.end(), 0.0));
  std::map<std::vector<std::uint32_t>, std::uint64_t> seen;
  draw(setting, steps, [&](const std::vector<std::uint32_t>& items) { ++seen[items]; });
  std::vector<std::uint64_t> pooled;
  std::vector<double> wanted;
  std::uint64_t rare = 0;
  double rare_wanted = 0;
  for (const auto& [items, chance] : expected) {
    const auto found = seen.find(items);
    const std::uint64_t count = found == seen.end() ? 0 : found->second;
    if (found != seen.end()) seen.erase(found);
    if (chance < 5) {
      rare += count;
      rare_wanted += chance;
    } else {
      pooled.push_back(count);
      wanted.push_back(chance);
    }
  }
  EXPECT_TRUE(seen.empty()) << "picks that the law does not allow";
  if (rare_wanted > 0) {
    pooled.push_back(rare);
    wanted.push_back(rare_wanted);
  }
  expect_chi_square_below(chi_square(pooled, wanted), static_cast<double>(pooled.size()) - 1,
                          steps * setting.fan_out);
}

TEST(WeightedLaw, EndsWhereNoWeightIsLeft) {
  const std::vector<float> weights = {0, 5, 0, 0, 1, 0, 0, 0};
  std::set<std::vector<std::uint32_t>> seen;
  draw({weights, 8, {}, 4, PickLaw::kWeighted}, 200, [&](const auto& items) { seen.insert(items); });
  EXPECT_EQ(seen, (std::set<std::vector<std::uint32_t>>{{1, 4}, {4, 1}}));
  draw({weights, 8, {1, 4}, 4, PickLaw::kWeighted}, 20,
       [&](const auto& items) { EXPECT_TRUE(items.empty()); });
  draw({weights, 8, {1, 4}, 4, PickLaw::kWeighted, Replacement::kWith}, 20,
       [&](const auto& items) { EXPECT_TRUE(items.empty()); });
  draw({weights, 4, {}, 4, PickLaw::kWeighted}, 20,
       [&](const auto& items) { EXPECT_EQ(items, std::vector<std::uint32_t>{1}); });
}

TEST(WeightedLaw, IsUniformWhereThereAreNoWeights) {
  TestGraph graph;
  graph.add_nodes("user", 1);
  graph.add_nodes("item", 20);
  graph.add_edges("buys", 0, 1, true);
  for (NodeId i = 0; i < 20; ++i) graph.add_edge(0, 0, i, i, i);
  const std::vector<NodeRef> nodes = {{0, 0}};
  NeighborSampler::Scratch scratch;
  for (std::uint32_t step = 0; step < 50; ++step) {
    Subgraph weighted, uniform;
    NeighborSampler(graph.view(), {.fan_outs = {{6, 0}}, .law = PickLaw::kWeighted})
        .sample({.nodes = nodes}, step, scratch, weighted);
    NeighborSampler(graph.view(), {.fan_outs = {{6, 0}}}).sample({.nodes = nodes}, step, scratch, uniform);
    EXPECT_EQ(weighted.relations[0].edges, uniform.relations[0].edges);
  }
}

// Inclusions of one step are independent between targets, each with the chance k / n: their squares over the
// variances are a chi-square with as many degrees of freedom as targets.
TEST(LaborLaw, IncludesEveryEdgeWithTheChanceOfTheFanOut) {
  for (const Setting& setting : {Setting{std::vector<float>(30, 1), 30, {}, 8, PickLaw::kLabor},
                                 Setting{std::vector<float>(30, 1), 25, {2, 3, 11}, 8, PickLaw::kLabor}}) {
    const std::vector<double> chances = setting.chances();
    const double n = std::accumulate(chances.begin(), chances.end(), 0.0);
    const double p = setting.fan_out / n;
    const auto steps = static_cast<double>(rounds(60000));
    std::vector<double> seen(chances.size());
    draw(setting, rounds(60000), [&](const auto& items) {
      for (const std::uint32_t item : items) ++seen[item];
    });
    double sum = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (chances[i] == 0) {
        EXPECT_EQ(seen[i], 0);
      } else {
        sum += (seen[i] - steps * p) * (seen[i] - steps * p) / (steps * p * (1 - p));
      }
    }
    expect_chi_square_below(sum, n, static_cast<std::uint64_t>(steps * setting.fan_out));
  }
}

// Rows of one length and one set of neighbours pick the very same ones: one node for all of them.
TEST(LaborLaw, RowsThatShareNeighboursPickTheSame) {
  TestGraph graph;
  graph.add_nodes("user", 10);
  graph.add_nodes("item", 100);
  graph.add_edges("buys", 0, 1, true);
  for (NodeId user = 0; user < 10; ++user) {
    for (NodeId item = 0; item < 100; ++item) graph.add_edge(0, user, item, item, 1000 * user + item);
  }
  std::vector<NodeRef> nodes;
  for (NodeId user = 0; user < 10; ++user) nodes.push_back({0, user});
  NeighborSampler::Scratch scratch;
  Subgraph labor, uniform;
  NeighborSampler(graph.view(), {.fan_outs = {{10, 0}}, .law = PickLaw::kLabor})
      .sample({.nodes = nodes}, 1, scratch, labor);
  NeighborSampler(graph.view(), {.fan_outs = {{10, 0}}}).sample({.nodes = nodes}, 1, scratch, uniform);
  EXPECT_EQ(labor.relations[0].sources.size(), 10 * labor.nodes[1].size());
  EXPECT_GT(uniform.nodes[1].size(), 3 * labor.nodes[1].size());
}

// Random batches under every law, with bounds of their own for each tree: no pick at or after its bound; and,
// without replacement, no edge of a row twice. 10 M picks with WEFT_LAW_ROUNDS=50.
class RandomPicks : public ::testing::TestWithParam<std::pair<PickLaw, Replacement>> {};
INSTANTIATE_TEST_SUITE_P(Laws, RandomPicks,
                         ::testing::Values(std::pair(PickLaw::kUniform, Replacement::kWithout),
                                           std::pair(PickLaw::kMostRecent, Replacement::kWithout),
                                           std::pair(PickLaw::kWeighted, Replacement::kWithout),
                                           std::pair(PickLaw::kLabor, Replacement::kWithout),
                                           std::pair(PickLaw::kUniform, Replacement::kWith),
                                           std::pair(PickLaw::kWeighted, Replacement::kWith)));

TEST_P(RandomPicks, AreBeforeTheirBoundsAndNotTwice) {
  const auto [law, replacement] = GetParam();
  const std::uint64_t wanted = rounds(200000);
  std::mt19937 random(static_cast<std::uint32_t>(law_seed()));
  NeighborSampler::Scratch scratch;
  Subgraph out;
  std::uint64_t picks = 0;
  std::uint64_t timed = 0;
  std::uint64_t late = 0;
  std::uint64_t twice = 0;
  while (timed < wanted) {
    const auto shop = testing::random_shop(random(), 200, 100, 3000);
    const graph::GraphView graph = shop->view();
    const NeighborSampler sampler(graph, {.seed = random(),
                                          .fan_outs = uniform_fan_outs(shop->schema(), {8, 4}),
                                          .law = law,
                                          .replacement = replacement});
    for (std::uint32_t step = 0; step < 10; ++step) {
      std::vector<NodeRef> nodes;
      std::vector<TimeMs> before;
      std::vector<std::uint32_t> roots;
      for (std::uint32_t i = 0; i < 60; ++i) {
        const auto type = static_cast<NodeTypeId>(random() % graph.node_counts.size());
        nodes.push_back({type, static_cast<NodeId>(random() % graph.node_counts[type])});
        before.push_back(static_cast<TimeMs>(random() % 210));
        roots.push_back(i);
      }
      sampler.sample({.nodes = nodes, .before = before, .roots = roots}, step, scratch, out);
      for (const RelationBlock& block : out.relations) {
        const NodeTypeId type = graph.schema->row_type(block.relation);
        const auto& times = graph.edge_times[graph::edge_type_of(block.relation)];
        for (std::uint32_t row = 0; row + 1 < block.offsets.size(); ++row) {
          const TimeMs bound = out.tree_before[out.trees[type][row]];
          std::set<EdgeId> distinct;
          for (std::uint32_t at = block.offsets[row]; at < block.offsets[row + 1]; ++at) {
            distinct.insert(block.edges[at]);
            late += !times.empty() && times[block.edges[at]] >= bound ? 1 : 0;
          }
          twice += replacement == Replacement::kWithout
                       ? block.offsets[row + 1] - block.offsets[row] - distinct.size()
                       : 0;
        }
        picks += block.edges.size();
        if (!times.empty()) timed += block.edges.size();
      }
    }
  }
  EXPECT_EQ(late, 0u);
  EXPECT_EQ(twice, 0u);
  RecordProperty("draws", std::to_string(picks));
  RecordProperty("timed", std::to_string(timed));
  RecordProperty("instructions", pick_instructions());
}

}  // namespace
}  // namespace weft::sampling
