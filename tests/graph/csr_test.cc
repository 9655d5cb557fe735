#include "graph/csr.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "base/error.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

using ::testing::ElementsAre;

struct Edge {
  NodeId from, to;
  TimeMs time;
  EventId event;
  float weight;
  std::uint16_t source;
  bool operator==(const Edge&) const = default;
};

struct Shape {
  std::uint64_t seed;
  std::size_t rows, targets, edges;
  bool timed, weighted;
};

std::vector<Edge> random_edges(const Shape& shape) {
  Random random(shape.seed);
  std::vector<Edge> edges;
  for (std::size_t i = 0; i < shape.edges; ++i) {
    edges.push_back({static_cast<NodeId>(random.below(shape.rows)),
                     static_cast<NodeId>(random.below(shape.targets)),
                     shape.timed ? random.between(-3, 3) : 0, random.below(4),
                     static_cast<float>(random.below(8)) / 4, static_cast<std::uint16_t>(i)});
  }
  return edges;
}

EdgeList to_list(const std::vector<Edge>& edges, const Shape& shape) {
  EdgeList list;
  for (const Edge& edge : edges) {
    list.from.push_back(edge.from);
    list.to.push_back(edge.to);
    if (shape.timed) list.times.push_back(edge.time);
    if (shape.weighted) list.weights.push_back(edge.weight);
    list.events.push_back(edge.event);
    list.sources.push_back(edge.source);
  }
  return list;
}

class CsrOfRandomEdges : public ::testing::TestWithParam<Shape> {};

TEST_P(CsrOfRandomEdges, SortedAsASortOfTuples) {
  const Shape shape = GetParam();
  std::vector<Edge> edges = random_edges(shape);
  EdgeList list = to_list(edges, shape);
  sort_outgoing(list);
  std::stable_sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return std::tie(a.from, a.time, a.to, a.event) < std::tie(b.from, b.time, b.to, b.event);
  });
  const EdgeList expected = to_list(edges, shape);
  EXPECT_EQ(list.from, expected.from);
  EXPECT_EQ(list.to, expected.to);
  EXPECT_EQ(list.times, expected.times);
  EXPECT_EQ(list.weights, expected.weights);
  EXPECT_EQ(list.events, expected.events);
  EXPECT_EQ(list.sources, expected.sources);
}

// One row as an obvious implementation has it: (time, other end, event, edge id), and weights added up.
void expect_rows(const CsrView& csr, const std::vector<Edge>& sorted, bool incoming, const Shape& shape) {
  using Entry = std::tuple<TimeMs, NodeId, EventId, EdgeId>;
  std::map<NodeId, std::vector<Entry>> rows;
  for (std::size_t id = 0; id < sorted.size(); ++id) {
    const Edge& edge = sorted[id];
    rows[incoming ? edge.to : edge.from].push_back(
        {edge.time, incoming ? edge.from : edge.to, edge.event, static_cast<EdgeId>(id)});
  }
  ASSERT_EQ(csr.rows(), incoming ? shape.targets : shape.rows);
  ASSERT_EQ(csr.edges(), sorted.size());
  ASSERT_EQ(csr.times.empty(), !shape.timed || sorted.empty());
  for (NodeId row = 0; row < csr.rows(); ++row) {
    std::vector<Entry>& entries = rows[row];
    std::sort(entries.begin(), entries.end());
    ASSERT_EQ(csr.degree(row), entries.size());
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::uint64_t position = csr.offsets[row] + i;
      const auto& [time, other, event, id] = entries[i];
      EXPECT_EQ(csr.targets[position], other);
      EXPECT_EQ(csr.neighbours(row)[i], other);
      EXPECT_EQ(csr.edge_id(position), id);
      if (shape.timed) {
        EXPECT_EQ(csr.times[position], time);
      }
      if (shape.weighted) {
        sum += static_cast<std::uint64_t>(sorted[id].weight * 1048576.0F);  // quarters: exact
        EXPECT_EQ(csr.weight_sums[position], sum);
      }
    }
    for (TimeMs before = -5; before <= 5; ++before) {
      const auto expected =
          shape.timed ? std::count_if(entries.begin(), entries.end(),
                                      [&](const Entry& entry) { return std::get<0>(entry) < before; })
                      : static_cast<std::ptrdiff_t>(entries.size());
      EXPECT_EQ(csr.count_before(row, before), static_cast<std::uint64_t>(expected));
    }
  }
}

TEST_P(CsrOfRandomEdges, BothDirectionsEqualMapsOfLists) {
  const Shape shape = GetParam();
  std::vector<Edge> edges = random_edges(shape);
  EdgeList list = to_list(edges, shape);
  sort_outgoing(list);
  std::stable_sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return std::tie(a.from, a.time, a.to, a.event) < std::tie(b.from, b.time, b.to, b.event);
  });
  const Csr outgoing = build_outgoing(list, shape.rows, shape.targets);
  EXPECT_TRUE(outgoing.edge_ids.empty());
  expect_rows(outgoing.view(), edges, false, shape);
  const Csr incoming = build_incoming(outgoing.view(), shape.targets, list.weights);
  expect_rows(incoming.view(), edges, true, shape);
}

std::vector<Shape> shapes() {
  std::vector<Shape> result;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const bool timed : {false, true}) {
      for (const bool weighted : {false, true}) {
        result.push_back({seed, 1 + 7 * (seed % 3), 1 + 5 * (seed % 4), seed * 40, timed, weighted});
      }
    }
  }
  result.push_back({7, 100'000, 3, 50, true, true});  // far more rows than edges: the other grouping
  result.push_back({8, 1, 1, 30, true, true});
  result.push_back({9, 4, 4, 0, true, true});
  return result;
}
INSTANTIATE_TEST_SUITE_P(Shapes, CsrOfRandomEdges, ::testing::ValuesIn(shapes()), [](const auto& test) {
  const Shape& s = test.param;
  return fmt::format("seed{}_{}x{}_{}{}{}", s.seed, s.rows, s.targets, s.edges, s.timed ? "_timed" : "",
                     s.weighted ? "_weighted" : "");
});

TEST(FixedPointWeight, RoundsAndKeepsPositiveWeightsPositive) {
  EXPECT_EQ(fixed_point_weight(0.0), 0u);
  EXPECT_EQ(fixed_point_weight(-0.0), 0u);
  EXPECT_EQ(fixed_point_weight(1.0), 1u << 20);
  EXPECT_EQ(fixed_point_weight(1e-30), 1u);
  EXPECT_EQ(fixed_point_weight(2.5 / 1048576.0), 3u);
  EXPECT_EQ(fixed_point_weight(4294967296.0), std::uint64_t{1} << 52);
}

TEST(FixedPointWeight, RejectsWhatIsNoWeight) {
  for (const double bad :
       {-1.0, -1e-300, 4294967297.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_THROW((void)fixed_point_weight(bad), Error) << bad;
  }
}

TEST(Csr, EndsOutOfRangeAreErrors) {
  EdgeList list{.from = {0, 1}, .to = {0, 2}};
  EXPECT_THROW((void)build_outgoing(list, 2, 2), Error);
  EXPECT_THROW((void)build_outgoing(list, 1, 3), Error);
  const Csr csr = build_outgoing(list, 2, 3);
  EXPECT_THROW((void)build_incoming(csr.view(), 2, {}), Error);
}

TEST(Csr, SumsOfWeightsThatDoNotFitAreErrors) {
  // 2^12 edges of 2^52 fixed-point units each add up to 2^64.
  EdgeList list;
  list.from.assign(4096, 0);
  list.to.assign(4096, 0);
  list.weights.assign(4096, 4294967296.0F);
  EXPECT_THROW((void)build_outgoing(list, 1, 1), Error);
  list.from.pop_back(), list.to.pop_back(), list.weights.pop_back();
  EXPECT_EQ(build_outgoing(list, 1, 1).weight_sums.back(), std::uint64_t{4095} << 52);
}

TEST(Csr, UnsortedListsAreBugs) {
  const EdgeList rows{.from = {1, 0}, .to = {0, 0}};
  EXPECT_DEATH((void)build_outgoing(rows, 2, 2), "sorted");
  const EdgeList times{.from = {0, 0}, .to = {0, 0}, .times = {2, 1}};
  EXPECT_DEATH((void)build_outgoing(times, 1, 1), "in_row");
}

TEST(Csr, TimesOfExtremesSort) {
  EdgeList list{.from = {0, 0, 0}, .to = {0, 1, 2}, .times = {kEndOfTime - 1, kNoTime, 0}};
  sort_outgoing(list);
  const Csr csr = build_outgoing(list, 1, 3);
  EXPECT_THAT(csr.targets, ElementsAre(1, 2, 0));
  EXPECT_EQ(csr.view().count_before(0, kNoTime), 0u);
  EXPECT_EQ(csr.view().count_before(0, 0), 1u);
  EXPECT_EQ(csr.view().count_before(0, kEndOfTime), 3u);
}

}  // namespace
}  // namespace weft::graph
