#include "graph/boost_graph.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <boost/concept/assert.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/graph_concepts.hpp>
#include <map>
#include <numeric>

#include "graph/boost_adaptor.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

using ::testing::ElementsAre;

BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<BoostGraph>));
BOOST_CONCEPT_ASSERT((boost::IncidenceGraphConcept<BoostGraph>));
BOOST_CONCEPT_ASSERT((boost::AdjacencyGraphConcept<BoostGraph>));

// Components by joining sets, edge by edge.
struct DisjointSets {
  explicit DisjointSets(std::size_t n) : parent(n) { std::iota(parent.begin(), parent.end(), 0); }
  std::size_t find(std::size_t a) {
    while (parent[a] != a) a = parent[a] = parent[parent[a]];
    return a;
  }
  std::vector<std::size_t> parent;
};

std::vector<std::size_t> starts_of(const GraphView& graph) {
  std::vector<std::size_t> starts = {0};
  for (const NodeId count : graph.node_counts) starts.push_back(starts.back() + count);
  return starts;
}

void expect_components(const GraphView& graph) {
  const auto starts = starts_of(graph);
  DisjointSets sets(starts.back());
  for (EdgeTypeId type = 0; type < graph.schema->edge_types().size(); ++type) {
    const CsrView& out = graph.relation(outgoing_relation(type));
    for (NodeId row = 0; row < out.rows(); ++row) {
      for (const NodeId target : out.neighbours(row)) {
        const auto& edge_type = graph.schema->edge_type(type);
        sets.parent[sets.find(starts[edge_type.from] + row)] = sets.find(starts[edge_type.to] + target);
      }
    }
  }
  const Components found = connected_components(graph);
  std::vector<std::uint32_t> flat;
  for (const auto& type : found.component_of) flat.insert(flat.end(), type.begin(), type.end());
  ASSERT_EQ(flat.size(), starts.back());
  std::map<std::size_t, std::uint32_t> number;  // by first node
  std::vector<std::uint64_t> sizes;
  for (std::size_t v = 0; v < flat.size(); ++v) {
    const auto [at, added] = number.emplace(sets.find(v), static_cast<std::uint32_t>(number.size()));
    if (added) sizes.push_back(0);
    ++sizes[at->second];
    EXPECT_EQ(flat[v], at->second);
  }
  EXPECT_EQ(found.count, number.size());
  EXPECT_EQ(found.sizes, sizes);
}

TEST(ConnectedComponents, EqualDisjointSets) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    write_snapshot(random_shop(seed, 40, 60, 30), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    expect_components(view(snapshot));
    Random random(seed);
    for (const double share : {0.0, 0.2, 0.6}) {
      std::vector<std::vector<std::uint8_t>> keep;
      for (EdgeTypeId type = 0; type < 7; ++type) {
        keep.emplace_back(snapshot.edge_count(type));
        for (auto& flag : keep.back()) flag = random.chance(share) ? 1 : 0;
      }
      // One direction of a symmetric edge alone is no undirected edge: keep or drop both.
      std::map<EventId, std::uint8_t> of_event;
      for (EdgeId e = 0; e < keep[4].size(); ++e) {
        keep[4][e] = of_event.emplace(snapshot.edge_columns(4).events[e], keep[4][e]).first->second;
      }
      const FilteredGraph filtered(snapshot, keep);
      expect_components(filtered.view());
    }
  }
}

TEST(ConnectedComponents, SmallCases) {
  TestFolder folder;
  write_snapshot(plain_graph(6, {{4, 1}, {1, 5}, {3, 3}}), folder / "a");
  const Snapshot a = Snapshot::open(folder / "a");
  const Components found = connected_components(view(a));
  EXPECT_THAT(found.component_of[0], ElementsAre(0, 1, 2, 3, 1, 1));
  EXPECT_THAT(found.sizes, ElementsAre(1, 3, 1, 1));
  write_snapshot(plain_graph(0, {}), folder / "b");
  const Snapshot b = Snapshot::open(folder / "b");
  EXPECT_EQ(connected_components(view(b)).count, 0u);
  write_snapshot(GraphTables{}, folder / "c");
  const Snapshot c = Snapshot::open(folder / "c");
  EXPECT_EQ(connected_components(view(c)).count, 0u);
}

// The walk's stationary distribution by a matrix: dead ends start anew anywhere.
std::vector<double> ranks_by_matrix(const GraphView& graph, double damping) {
  const auto starts = starts_of(graph);
  const std::size_t n = starts.back();
  std::vector<std::vector<double>> edges(n, std::vector<double>(n));
  for (EdgeTypeId type = 0; type < graph.schema->edge_types().size(); ++type) {
    const EdgeType& edge_type = graph.schema->edge_type(type);
    const CsrView& out = graph.relation(outgoing_relation(type));
    for (NodeId row = 0; row < out.rows(); ++row) {
      for (const NodeId target : out.neighbours(row)) {
        ++edges[starts[edge_type.from] + row][starts[edge_type.to] + target];
        if (!edge_type.symmetric) ++edges[starts[edge_type.to] + target][starts[edge_type.from] + row];
      }
    }
  }
  std::vector<double> rank(n, 1.0 / static_cast<double>(n));
  for (int iteration = 0; iteration < 400; ++iteration) {
    std::vector<double> next(n, (1 - damping) / static_cast<double>(n));
    for (std::size_t v = 0; v < n; ++v) {
      const double degree = std::accumulate(edges[v].begin(), edges[v].end(), 0.0);
      for (std::size_t u = 0; u < n; ++u) {
        next[u] += damping * rank[v] * (degree > 0 ? edges[v][u] / degree : 1 / static_cast<double>(n));
      }
    }
    rank = next;
  }
  return rank;
}

TEST(PageRank, EqualsAWalkByMatrix) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    write_snapshot(random_shop(seed, 40, 30, 50), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    for (const double damping : {0.0, 0.5, 0.85}) {
      const PageRank found =
          page_rank(view(snapshot), {.damping = damping, .tolerance = 1e-13, .max_iterations = 400});
      const auto expected = ranks_by_matrix(view(snapshot), damping);
      std::size_t v = 0;
      for (const auto& type : found.rank_of) {
        for (const double rank : type) EXPECT_NEAR(rank, expected[v++], 1e-11);
      }
      EXPECT_EQ(v, expected.size());
      EXPECT_LT(found.change, 1e-13);
      EXPECT_EQ(
          page_rank(view(snapshot), {.damping = damping, .tolerance = 1e-13, .max_iterations = 400}).rank_of,
          found.rank_of);
    }
  }
}

TEST(PageRank, SmallCases) {
  TestFolder folder;
  write_snapshot(plain_graph(0, {}), folder / "a");
  EXPECT_THAT(page_rank(view(Snapshot::open(folder / "a"))).rank_of, ElementsAre(ElementsAre()));
  write_snapshot(GraphTables{}, folder / "b");
  EXPECT_THAT(page_rank(view(Snapshot::open(folder / "b"))).rank_of, ElementsAre());
  write_snapshot(plain_graph(1, {}), folder / "c");
  EXPECT_THAT(page_rank(view(Snapshot::open(folder / "c"))).rank_of, ElementsAre(ElementsAre(1.0)));
  write_snapshot(plain_graph(4, {{0, 1}, {2, 1}}), folder / "d");  // 3 is alone
  const Snapshot d = Snapshot::open(folder / "d");
  const PageRank found = page_rank(view(d));
  EXPECT_EQ(found.rank_of[0][0], found.rank_of[0][2]);
  EXPECT_GT(found.rank_of[0][1], found.rank_of[0][0]);
  EXPECT_LT(found.rank_of[0][3], found.rank_of[0][0]);
  const PageRank none = page_rank(view(d), {.max_iterations = 0});
  EXPECT_EQ(none.iterations, 0U);
  EXPECT_THAT(none.rank_of[0], ElementsAre(0.25, 0.25, 0.25, 0.25));
  EXPECT_EQ(page_rank(view(d), {.tolerance = 0, .max_iterations = 7}).iterations, 7U);
}

TEST(ConnectedComponents, ALongPathNeedsNoDeepStack) {
  constexpr NodeId kNodes = 300'000;
  std::vector<std::pair<NodeId, NodeId>> edges;
  for (NodeId i = 1; i < kNodes; ++i) edges.emplace_back(i - 1, i);
  TestFolder folder;
  write_snapshot(plain_graph(kNodes, edges), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  EXPECT_EQ(connected_components(view(snapshot)).count, 1u);
}

// The adaptor's neighbours are those of a map of lists, each edge from both its ends.
TEST(BoostGraph, NeighboursEqualAMapOfLists) {
  TestFolder folder;
  write_snapshot(random_shop(2), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const GraphView whole = view(snapshot);
  const BoostGraph graph(whole);
  const auto starts = starts_of(whole);
  std::map<std::uint64_t, std::vector<std::uint64_t>> expected;
  for (EdgeTypeId type = 0; type < 7; ++type) {
    const auto& edge_type = snapshot.schema().edge_type(type);
    const auto rows = snapshot.edge_rows(type);
    for (std::size_t e = 0; e < rows.size(); ++e) {
      const std::uint64_t from = starts[edge_type.from] + rows[e];
      const std::uint64_t to = starts[edge_type.to] + snapshot.outgoing(type).targets[e];
      expected[from].push_back(to);
      if (!edge_type.symmetric) expected[to].push_back(from);
    }
  }
  EXPECT_EQ(num_vertices(graph), starts.back());
  std::uint64_t seen = 0, degrees = 0;
  for (auto [v, end] = vertices(graph); v != end; ++v, ++seen) {
    std::vector<std::uint64_t> neighbours;
    for (auto [n, last] = adjacent_vertices(*v, graph); n != last; ++n) neighbours.push_back(*n);
    EXPECT_EQ(out_degree(*v, graph), neighbours.size());
    std::sort(neighbours.begin(), neighbours.end());
    std::sort(expected[*v].begin(), expected[*v].end());
    EXPECT_EQ(neighbours, expected[*v]);
    degrees += neighbours.size();
    for (auto [e, last] = out_edges(*v, graph); e != last; ++e) {
      EXPECT_EQ(source(*e, graph), *v);
      const auto edge = *e;
      EXPECT_EQ(edge, *e);
      EXPECT_LT(edge.id, snapshot.edge_count(edge.type));
    }
    EXPECT_EQ(graph.undirected().vertex(graph.undirected().node(*v)), *v);
  }
  EXPECT_EQ(seen, starts.back());
  EXPECT_EQ(graph.undirected().degree_sum(), degrees);
}

TEST(BoostGraph, RunsOtherAlgorithms) {
  TestFolder folder;
  write_snapshot(plain_graph(6, {{0, 1}, {2, 1}, {2, 3}, {5, 4}}), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const BoostGraph graph(view(snapshot));
  std::vector<int> distance(6, -1);
  distance[0] = 0;
  const boost::typed_identity_property_map<std::uint64_t> index;
  std::vector<boost::default_color_type> colour(6);
  boost::breadth_first_search(
      graph, std::uint64_t{0},
      boost::color_map(boost::make_iterator_property_map(colour.begin(), index))
          .visitor(boost::make_bfs_visitor(boost::record_distances(
              boost::make_iterator_property_map(distance.begin(), index), boost::on_tree_edge()))));
  EXPECT_THAT(distance, ElementsAre(0, 1, 2, 3, -1, -1));
}

}  // namespace
}  // namespace weft::graph
