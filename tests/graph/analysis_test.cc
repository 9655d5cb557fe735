#include "graph/analysis.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "graph/boost_graph.h"
#include "graph/core_numbers.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SpreadOf, EqualsASortedList) {
  EXPECT_EQ(spread_of({}).max, 0U);
  EXPECT_EQ(spread_of({}).mean, 0);
  Random random(5);
  for (std::size_t n = 1; n < 350; n += 1 + n / 7) {
    std::vector<std::uint64_t> values(n);
    for (auto& value : values) value = random.below(n);
    const Spread spread = spread_of(values);
    std::sort(values.begin(), values.end());
    EXPECT_EQ(spread.median, values[(n - 1) / 2]);
    EXPECT_EQ(spread.max, values.back());
    EXPECT_EQ(spread.zeros, std::upper_bound(values.begin(), values.end(), 0U) - values.begin());
    EXPECT_DOUBLE_EQ(spread.mean, static_cast<double>(std::accumulate(values.begin(), values.end(), 0ULL)) /
                                      static_cast<double>(n));
    std::size_t at = 0;  // the first that at least 99 % of all do not exceed
    while (100 * static_cast<std::size_t>(std::upper_bound(values.begin(), values.end(), values[at]) -
                                          values.begin()) <
           99 * n)
      ++at;
    EXPECT_EQ(spread.p99, values[at]);
  }
}

// What the parts say by themselves, counted one by one.
TEST(Analyse, AgreesWithItsParts) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    write_snapshot(random_shop(seed, 50, 40, 120), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    const GraphView graph = view(snapshot);
    std::vector<std::string> steps;
    const GraphAnalysis found =
        analyse(graph, {.top = 7}, [&](std::string_view name) { steps.emplace_back(name); });
    EXPECT_THAT(steps, ElementsAre("components", "core numbers", "PageRank", "degrees"));

    const Components components = connected_components(graph);
    EXPECT_EQ(found.components, components.count);
    EXPECT_EQ(found.component_sizes[0], *std::max_element(components.sizes.begin(), components.sizes.end()));
    EXPECT_TRUE(std::is_sorted(found.component_sizes.rbegin(), found.component_sizes.rend()));

    const auto cores = core_numbers(graph);
    std::map<std::uint32_t, std::vector<std::uint64_t>> counted;
    for (std::size_t type = 0; type < cores.size(); ++type) {
      for (const std::uint32_t core : cores[type]) {
        counted.try_emplace(core, cores.size()).first->second[type] += 1;
      }
    }
    EXPECT_EQ(found.cores, counted);

    std::vector<std::vector<std::uint64_t>> degrees;
    for (const NodeId count : graph.node_counts) degrees.emplace_back(count);
    std::uint64_t edges = 0;
    for (EdgeTypeId type = 0; type < 7; ++type) {
      const EdgeType& edge_type = snapshot.schema().edge_type(type);
      const auto rows = snapshot.edge_rows(type);
      for (std::size_t e = 0; e < rows.size(); ++e) {
        ++degrees[edge_type.from][rows[e]];
        if (!edge_type.symmetric) ++degrees[edge_type.to][snapshot.outgoing(type).targets[e]];
      }
      edges += edge_type.symmetric ? rows.size() : 2 * rows.size();
    }
    EXPECT_EQ(found.edges, edges / 2);
    EXPECT_EQ(found.nodes, degrees[0].size() + degrees[1].size() + degrees[2].size() + degrees[3].size());
    const PageRank ranks = page_rank(graph);
    for (std::size_t type = 0; type < degrees.size(); ++type) {
      EXPECT_EQ(found.degrees[type].max, spread_of(degrees[type]).max);
      EXPECT_EQ(found.degrees[type].mean, spread_of(degrees[type]).mean);
      std::vector<NodeId> order(degrees[type].size());
      std::iota(order.begin(), order.end(), 0U);
      std::stable_sort(order.begin(), order.end(),
                       [&](NodeId a, NodeId b) { return ranks.rank_of[type][a] > ranks.rank_of[type][b]; });
      ASSERT_EQ(found.top[type].size(), std::min<std::size_t>(7, order.size()));
      for (std::size_t i = 0; i < found.top[type].size(); ++i) {
        EXPECT_EQ(found.top[type][i].node, order[i]);
        EXPECT_EQ(found.top[type][i].rank, ranks.rank_of[type][order[i]]);
        EXPECT_EQ(found.top[type][i].degree, degrees[type][order[i]]);
      }
    }
    EXPECT_EQ(found.relation_degrees[10].zeros, 6U);  // "nothing": a type without edges
    EXPECT_EQ(found.relation_degrees[10].max, 0U);
  }
}

// Behind the others of their type, as a graph has them that has forgotten them.
void add_forgotten(NodeTable& table, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    table.external_ids.emplace_back();
    if (!table.first_seen.empty()) table.first_seen.push_back(kNoTime);
    if (!table.events.empty()) table.events.push_back(kNoEvent);
    for (auto& column : table.fields) {
      if (!column.empty()) column.emplace_back();
    }
  }
}

TEST(Analyse, ForgottenNodesCountNowhere) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    GraphTables tables = random_shop(seed, 50, 40, 120);
    write_snapshot(tables, folder / "never");
    add_forgotten(tables.nodes[0], 3);
    add_forgotten(tables.nodes[2], 20);
    write_snapshot(tables, folder / "forgotten");
    const Snapshot never = Snapshot::open(folder / "never"), forgot = Snapshot::open(folder / "forgotten");
    const GraphAnalysis wanted = analyse(view(never), {.top = 1000});
    const GraphAnalysis found =
        analyse(view(forgot), {.top = 1000, .component_sizes = 5, .left_out = forgotten_nodes(forgot)});
    EXPECT_EQ(found.nodes, wanted.nodes);
    EXPECT_EQ(found.edges, wanted.edges);
    EXPECT_EQ(found.components, wanted.components);
    EXPECT_EQ(found.component_sizes, wanted.component_sizes);
    EXPECT_EQ(found.cores, wanted.cores);
    for (std::size_t type = 0; type < wanted.top.size(); ++type) {
      EXPECT_EQ(found.degrees[type].zeros, wanted.degrees[type].zeros);
      EXPECT_EQ(found.degrees[type].mean, wanted.degrees[type].mean);
      EXPECT_EQ(found.degrees[type].median, wanted.degrees[type].median);
      ASSERT_EQ(found.top[type].size(), wanted.top[type].size());
      for (std::size_t i = 0; i < found.top[type].size(); ++i)
        EXPECT_NEAR(found.top[type][i].rank, wanted.top[type][i].rank, 2e-6);
    }
    for (const RelationId relation : never.schema().relations())
      EXPECT_EQ(found.relation_degrees[relation].zeros, wanted.relation_degrees[relation].zeros);
    EXPECT_EQ(analyse(view(forgot)).nodes, wanted.nodes + 23) << "unless told";
  }
  // Of a graph whose other nodes all have edges there is no core 0.
  TestFolder folder;
  GraphTables pair = plain_graph(2, {{0, 1}});
  add_forgotten(pair.nodes[0], 1);
  write_snapshot(pair, folder / "pair");
  const Snapshot snapshot = Snapshot::open(folder / "pair");
  const GraphAnalysis found = analyse(view(snapshot), {.left_out = forgotten_nodes(snapshot)});
  EXPECT_EQ(found.cores.size(), 1U);
  EXPECT_THAT(found.cores.at(1), ElementsAre(2U));
  EXPECT_NEAR(found.top[0][0].rank, 0.5, 1e-6);
}

TEST(Analyse, EmptyGraphsAndOneNode) {
  TestFolder folder;
  write_snapshot(GraphTables{}, folder / "none");
  const GraphAnalysis none = analyse(view(Snapshot::open(folder / "none")));
  EXPECT_EQ(none.nodes, 0U);
  EXPECT_EQ(none.components, 0U);
  EXPECT_THAT(none.cores, IsEmpty());
  EXPECT_THAT(none.top, IsEmpty());
  write_snapshot(plain_graph(0, {}), folder / "empty");
  const GraphAnalysis empty = analyse(view(Snapshot::open(folder / "empty")));
  EXPECT_THAT(empty.top, ElementsAre(IsEmpty()));
  EXPECT_EQ(empty.degrees[0].mean, 0);
  write_snapshot(plain_graph(1, {}), folder / "one");
  const GraphAnalysis one = analyse(view(Snapshot::open(folder / "one")));
  EXPECT_EQ(one.components, 1U);
  EXPECT_EQ(one.degrees[0].zeros, 1U);
  EXPECT_THAT(one.cores.at(0), ElementsAre(1U));
  EXPECT_EQ(one.top[0][0].rank, 1);
}

}  // namespace
}  // namespace weft::graph
