#include "graph/partition.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

constexpr std::uint64_t kRandomGraphs = 200;

std::vector<std::uint64_t> part_sizes(const Partition& partition, std::uint32_t parts) {
  std::vector<std::uint64_t> sizes(parts);
  for (const auto& type : partition.part_of) {
    for (const std::uint32_t part : type) ++sizes.at(part);
  }
  return sizes;
}

// Edges between parts, counted one by one: both directions of a symmetric edge are one.
std::pair<std::uint64_t, std::uint64_t> count_edges(const GraphView& graph, const Partition& partition) {
  std::uint64_t cut = 0, total = 0;
  for (EdgeTypeId type = 0; type < graph.schema->edge_types().size(); ++type) {
    const EdgeType& edge_type = graph.schema->edge_type(type);
    const CsrView& out = graph.relation(outgoing_relation(type));
    std::uint64_t type_cut = 0;
    for (NodeId row = 0; row < out.rows(); ++row) {
      for (const NodeId target : out.neighbours(row)) {
        type_cut += partition.part_of[edge_type.from][row] != partition.part_of[edge_type.to][target] ? 1 : 0;
      }
    }
    cut += edge_type.symmetric ? type_cut / 2 : type_cut;
    total += edge_type.symmetric ? out.edges() / 2 : out.edges();
  }
  return {cut, total};
}

TEST(Partition, CountsItsCutAndCoversEveryNode) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    TestFolder folder;
    write_snapshot(random_shop(seed), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    const GraphView graph = view(snapshot);
    const std::uint64_t nodes =
        snapshot.node_count(0) + snapshot.node_count(1) + snapshot.node_count(2) + snapshot.node_count(3);
    for (const std::uint32_t parts : {1U, 2U, 3U, 7U, 9U, 40U, static_cast<std::uint32_t>(nodes)}) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", parts " << parts);
      const Partition partition = partition_metis(graph, {.parts = parts, .seed = seed});
      ASSERT_EQ(partition.part_of.size(), 4u);
      for (NodeTypeId type = 0; type < 4; ++type)
        EXPECT_EQ(partition.part_of[type].size(), snapshot.node_count(type));
      const auto sizes = part_sizes(partition, parts);
      EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0}), nodes);
      const auto [cut, total] = count_edges(graph, partition);
      EXPECT_EQ(partition.cut_edges, cut);
      EXPECT_EQ(partition.total_edges, total);
      if (parts == 1) {
        EXPECT_EQ(cut, 0u);
      }
    }
  }
}

// Sparse, dense, star-like and disconnected graphs with any number of parts: METIS is never given what it
// cannot take.
TEST(Partition, AnyGraphAndAnyNumberOfParts) {
  for (std::uint64_t seed = 1; seed <= kRandomGraphs; ++seed) {
    Random random(seed);
    const std::uint64_t nodes = 1 + random.below(60);
    std::vector<std::pair<NodeId, NodeId>> edges(random.below(4 * nodes));
    for (auto& [from, to] : edges) {
      from = static_cast<NodeId>(random.below(1 + random.below(nodes)));
      to = static_cast<NodeId>(random.below(nodes));
    }
    const auto parts = static_cast<std::uint32_t>(1 + random.below(nodes));
    SCOPED_TRACE(testing::Message() << "seed " << seed << ": " << nodes << " nodes, " << parts << " parts");
    TestFolder folder;
    write_snapshot(plain_graph(nodes, edges), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    const Partition partition = partition_metis(view(snapshot), {.parts = parts, .seed = seed});
    EXPECT_EQ(std::pair(partition.cut_edges, partition.total_edges), count_edges(view(snapshot), partition));
    EXPECT_EQ(part_sizes(partition, parts).size(), parts);
  }
}

// Clusters joined by single edges: the parts are the clusters.
TEST(Partition, FindsClusters) {
  constexpr NodeId kClusters = 4, kSize = 50;
  std::vector<std::pair<NodeId, NodeId>> edges;
  Random random(1);
  for (NodeId c = 0; c < kClusters; ++c) {
    for (int i = 0; i < 600; ++i) {
      // Nodes of a cluster are those with the same remainder, so that numbering gives nothing away.
      edges.emplace_back(static_cast<NodeId>(random.below(kSize) * kClusters + c),
                         static_cast<NodeId>(random.below(kSize) * kClusters + c));
    }
    edges.emplace_back(c, (c + 1) % kClusters);
  }
  TestFolder folder;
  write_snapshot(plain_graph(kClusters * kSize, edges), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const Partition partition = partition_metis(view(snapshot), {.parts = kClusters});
  EXPECT_LE(partition.cut_edges, kClusters);
  EXPECT_EQ(partition.total_edges, edges.size());
  for (const std::uint64_t size : part_sizes(partition, kClusters))
    EXPECT_NEAR(static_cast<double>(size), kSize, 3);
}

TEST(Partition, BalancedAndBetterThanChance) {
  TestFolder folder;
  write_snapshot(random_shop(1, 400, 300, 3000), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  for (const std::uint32_t parts : {2U, 4U, 16U}) {
    const Partition partition = partition_metis(view(snapshot), {.parts = parts});
    const auto sizes = part_sizes(partition, parts);
    const double mean =
        static_cast<double>(std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0})) / parts;
    EXPECT_LE(static_cast<double>(*std::max_element(sizes.begin(), sizes.end())), 1.2 * mean) << parts;
    EXPECT_GT(*std::min_element(sizes.begin(), sizes.end()), 0u);
    const double chance = 1.0 - 1.0 / parts;
    EXPECT_LT(static_cast<double>(partition.cut_edges),
              0.9 * chance * static_cast<double>(partition.total_edges))
        << parts;
  }
}

TEST(Partition, TheSeedDecides) {
  TestFolder folder;
  write_snapshot(random_shop(1, 100, 100, 600), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const auto parts = [&](std::uint64_t seed) {
    return partition_metis(view(snapshot), {.parts = 4, .seed = seed}).part_of;
  };
  EXPECT_EQ(parts(1), parts(1));
  EXPECT_NE(parts(1), parts(2));
}

TEST(Partition, GraphsWithoutEdgesAreCutEvenly) {
  TestFolder folder;
  write_snapshot(plain_graph(10, {{3, 3}}), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  for (const std::uint32_t parts : {1U, 3U, 10U}) {
    const auto sizes = part_sizes(partition_metis(view(snapshot), {.parts = parts}), parts);
    EXPECT_LE(*std::max_element(sizes.begin(), sizes.end()) - *std::min_element(sizes.begin(), sizes.end()),
              1u);
  }
}

TEST(Partition, OptionsOutOfRangeAreErrors) {
  TestFolder folder;
  write_snapshot(plain_graph(3, {{0, 1}}), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  EXPECT_THROW(partition_metis(view(snapshot), {.parts = 0}), Error);
  EXPECT_THROW(partition_metis(view(snapshot), {.parts = 4}), Error);
  EXPECT_THROW(partition_metis(view(snapshot), {.imbalance = 1.0}), Error);
  EXPECT_THROW(partition_metis(view(snapshot), {.imbalance = NAN}), Error);
}

// A view that claims more nodes than METIS can number is refused before anything is allocated.
TEST(Partition, GraphsPastMetisIndicesAreErrors) {
  Schema schema;
  schema.add_node_type({.name = "n"});
  GraphView graph{.schema = &schema, .node_counts = {1U << 31}};
  EXPECT_THROW(partition_metis(graph, {}), Error);
}

}  // namespace
}  // namespace weft::graph
