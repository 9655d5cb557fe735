#include "gnn/skipgram/walk_batches.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "graph/graph_view.h"
#include "tests/gnn/tiny_graph.h"

namespace weft::gnn {
namespace {

using Counts = std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t>;

// How often each (centre, near node) comes in an epoch.
Counts near_pairs(WalkBatches& batches, std::uint64_t epoch) {
  Counts counts;
  batches.begin_epoch(epoch);
  for (std::uint64_t b = 0; b < batches.batches(); ++b) {
    const SkipGramPairs& pairs = batches.pairs(b);
    for (std::size_t p = 0; p < pairs.size(); ++p)
      ++counts[{pairs.centres[p], pairs.others[p * (1 + pairs.negatives)]}];
  }
  return counts;
}

// Nodes on a ring, each with one edge to the next: walks have no choice.
graph::Snapshot ring(const TestFolder& folder, std::uint32_t nodes) {
  GraphBuilder builder;
  const auto type = builder.nodes("page", nodes);
  const auto next = builder.edges("next", type, type, false);
  for (std::uint32_t n = 0; n < nodes; ++n) builder.edge(next, n, (n + 1) % nodes, graph::kNoTime, n + 1);
  return builder.write(folder / "ring");
}

TEST(WalkBatches, NearAreTheNodesWithinTheWindow) {
  const TestFolder folder;
  for (const std::uint32_t nodes : {3U, 50U}) {
    const graph::Snapshot snapshot = ring(folder, nodes);
    ThreadPool pool(2);
    constexpr std::size_t kLength = 6, kWalks = 2, kWindow = 3;
    WalkBatches batches(graph::view(snapshot), {{.path = {0}, .length = kLength, .walks = kWalks}},
                        {.window = kWindow, .batch = 7}, pool);
    EXPECT_EQ(batches.places(), nodes);
    EXPECT_EQ(batches.starts(), nodes);
    Counts expected;
    for (std::uint32_t start = 0; start < nodes; ++start)
      for (std::size_t a = 0; a <= kLength; ++a)
        for (std::size_t b = 0; b <= kLength; ++b) {
          const auto centre = static_cast<std::uint32_t>((start + a) % nodes),
                     near = static_cast<std::uint32_t>((start + b) % nodes);
          if (centre != near && (a < b ? b - a : a - b) <= kWindow) expected[{centre, near}] += kWalks;
        }
    EXPECT_EQ(near_pairs(batches, 0), expected) << nodes;
    std::filesystem::remove_all(folder / "ring");
  }
}

// Users and items in halves that nothing joins; item 9 has no edge.
graph::Snapshot shop(const TestFolder& folder) {
  GraphBuilder builder;
  const auto users = builder.nodes("user", 12), items = builder.nodes("item", 10);
  builder.nodes("tag", 4);
  const auto buys = builder.edges("buys", users, items, false);
  Dice dice(3);
  graph::EventId event = 1;
  for (std::uint32_t u = 0; u < 12; ++u)
    for (std::uint32_t n = 0; n < 2 + u % 5; ++n)
      builder.edge(buys, u, u % 2 + 2 * dice.below(u % 2 == 0 ? 5 : 4), graph::kNoTime, event++);
  return builder.write(folder / "shop");
}

TEST(WalkBatches, PairsStayWithinWhatIsJoinedAndDrawnNodesAreOfTheNearNodesType) {
  const TestFolder folder;
  const graph::Snapshot snapshot = shop(folder);
  ThreadPool pool(2);
  WalkBatches batches(graph::view(snapshot), {{.path = {0, 1}, .length = 8, .walks = 3}},
                      {.window = 2, .negatives = 3, .batch = 5}, pool);
  EXPECT_EQ(batches.places(), 22U);
  EXPECT_EQ(batches.first_place(0), 0U);
  EXPECT_EQ(batches.first_place(1), 12U);
  EXPECT_FALSE(batches.first_place(2).has_value());
  EXPECT_EQ(batches.edge_counts(1)[9], 0U);
  const auto half = [](std::uint32_t place) { return place < 12 ? place % 2 : (place - 12) % 2; };
  std::set<std::uint32_t> drawn;
  for (std::uint64_t b = 0; b < batches.batches(); ++b) {
    const SkipGramPairs& pairs = batches.pairs(b);
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      const std::uint32_t centre = pairs.centres[p], near = pairs.others[p * 4];
      EXPECT_EQ(half(centre), half(near));
      EXPECT_NE(centre, near);
      for (std::size_t j = 1; j <= 3; ++j) {
        const std::uint32_t other = pairs.others[p * 4 + j];
        if (other == kNoPlace) continue;
        EXPECT_EQ(other < 12, near < 12);
        EXPECT_TRUE(other != centre && other != near);
        drawn.insert(other);
      }
    }
  }
  for (std::uint32_t place = 0; place < 22; ++place) {
    const auto& edges = batches.edge_counts(place < 12 ? 0 : 1);
    EXPECT_EQ(drawn.contains(place), edges[place < 12 ? place : place - 12] > 0) << place;
  }
}

// Chi-square with a false-alarm rate of one in a million: 8 degrees of freedom, 42.7.
TEST(WalkBatches, NodesAreDrawnByTheirEdgesToThePower) {
  const TestFolder folder;
  const graph::Snapshot snapshot = shop(folder);
  ThreadPool pool(2);
  for (const double power : {0.0, 0.75, 1.0}) {
    // Near are users alone, so that no drawn item is a near node; where the centre is an item none is drawn.
    WalkBatches batches(graph::view(snapshot), {{.path = {0, 1}, .length = 1, .walks = 1000}},
                        {.window = 1, .negatives = 4, .negative_power = power}, pool);
    std::map<std::uint32_t, std::map<std::uint32_t, double>> drawn;  // by near item, which is left out
    for (std::uint64_t b = 0; b < batches.batches(); ++b) {
      const SkipGramPairs& pairs = batches.pairs(b);
      for (std::size_t p = 0; p < pairs.size(); ++p) {
        if (pairs.centres[p] >= 12) continue;
        for (std::size_t j = 1; j <= 4; ++j)
          if (pairs.others[p * 5 + j] != kNoPlace)
            ++drawn[pairs.others[p * 5] - 12][pairs.others[p * 5 + j] - 12];
      }
    }
    for (const auto& [near, counts] : drawn) {
      double total = 0, weight = 0, square = 0;
      const auto weight_of = [&](std::uint32_t item) {
        const auto edges = static_cast<double>(batches.edge_counts(1)[item]);
        return item == near || edges == 0 ? 0.0 : std::pow(edges, power);
      };
      for (const auto& [item, count] : counts) total += count;
      for (std::uint32_t item = 0; item < 10; ++item) weight += weight_of(item);
      for (std::uint32_t item = 0; item < 10; ++item) {
        const double expected = total * weight_of(item) / weight;
        const auto found = counts.find(item);
        const double got = found == counts.end() ? 0 : found->second;
        if (expected == 0)
          EXPECT_EQ(got, 0);
        else
          square += (got - expected) * (got - expected) / expected;
      }
      EXPECT_LT(square, 42.7) << "power " << power << " near item " << near;
    }
  }
}

TEST(WalkBatches, DependOnSeedEpochAndBatchAlone) {
  const TestFolder folder;
  const graph::Snapshot snapshot = shop(folder);
  std::vector<std::vector<std::uint32_t>> all;
  for (const std::size_t threads : {1, 2}) {
    ThreadPool pool(threads);
    WalkBatches batches(graph::view(snapshot), {{.path = {0, 1}}, {.path = {1, 0}, .walks = 40}},
                        {.batch = 11}, pool);
    std::vector<std::uint32_t> words;
    if (threads == 1) near_pairs(batches, 0);  // what was asked for before does not matter
    batches.begin_epoch(2);
    for (const std::uint64_t b : {1, 0}) {
      const SkipGramPairs& pairs = batches.pairs(b);
      words.insert(words.end(), pairs.centres.begin(), pairs.centres.end());
      words.insert(words.end(), pairs.others.begin(), pairs.others.end());
    }
    all.push_back(words);
    const Counts second = near_pairs(batches, 2);
    EXPECT_NE(near_pairs(batches, 3), second);
  }
  EXPECT_EQ(all[0], all[1]);
}

TEST(WalkBatches, OneWayLeavesOutTheOtherDirectionAndNothingElse) {
  const TestFolder folder;
  const graph::Snapshot snapshot = shop(folder);
  ThreadPool pool(2);
  const std::vector<WalkSet> sets = {{.path = {0, 1}}};
  WalkBatches both(graph::view(snapshot), sets, {}, pool);
  WalkBatches one_way(graph::view(snapshot), sets,
                      {.one_way = std::pair<graph::NodeTypeId, graph::NodeTypeId>{0, 1}}, pool);
  Counts expected = near_pairs(both, 1);
  std::erase_if(expected, [](const auto& pair) { return pair.first.first >= 12 && pair.first.second < 12; });
  EXPECT_EQ(near_pairs(one_way, 1), expected);
}

TEST(WalkBatches, RefusesWhereNoWalkCanBegin) {
  const TestFolder folder;
  GraphBuilder builder;
  const auto type = builder.nodes("page", 3);
  builder.edges("next", type, type, false);
  const graph::Snapshot snapshot = builder.write(folder / "none");
  ThreadPool pool(1);
  EXPECT_THROW(WalkBatches(graph::view(snapshot), {{.path = {0}}}, {}, pool), Error);
  EXPECT_THROW(WalkBatches(graph::view(snapshot), {{.path = {0, 1}, .p = 2}}, {}, pool), Error);
}

}  // namespace
}  // namespace weft::gnn
