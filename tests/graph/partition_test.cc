#include "graph/partition.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/error.h"
#include "graph/partition_report.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

constexpr std::uint64_t kRandomGraphs = 300;
// Where there are fewer than 20 nodes a part METIS is not to be had.
constexpr PartitionMethod kAny[] = {PartitionMethod::kAuto, PartitionMethod::kStreaming};
constexpr PartitionMethod kBoth[] = {PartitionMethod::kMetis, PartitionMethod::kStreaming};

std::vector<std::uint64_t> part_sizes(const Partition& partition) {
  std::vector<std::uint64_t> sizes(partition.parts);
  for (const auto& type : partition.part_of) {
    for (const std::uint32_t part : type) ++sizes.at(part);
  }
  return sizes;
}

// The edges of all types one by one as (type, from, to), both directions of a symmetric edge as one.
struct PlainEdge {
  EdgeTypeId type;
  NodeRef from, to;
};
std::vector<PlainEdge> plain_edges(const Snapshot& snapshot) {
  std::vector<PlainEdge> edges;
  for (EdgeTypeId type = 0; type < snapshot.schema().edge_types().size(); ++type) {
    const EdgeType& edge_type = snapshot.schema().edge_type(type);
    const std::vector<NodeId> rows = snapshot.edge_rows(type);
    for (std::size_t e = 0; e < rows.size(); ++e) {
      const NodeId to = snapshot.outgoing(type).targets[e];
      if (!edge_type.symmetric || rows[e] <= to)
        edges.push_back({type, {edge_type.from, rows[e]}, {edge_type.to, to}});
    }
  }
  return edges;
}

// Report and halo tables against sets filled edge by edge.
void expect_report(const Snapshot& snapshot, const Partition& partition, const std::vector<NodeLoad>& loads) {
  const Schema& schema = snapshot.schema();
  const auto part = [&](NodeRef node) { return partition.part_of.at(node.type).at(node.id); };
  std::vector<EdgeCut> cuts(schema.edge_types().size());
  std::vector<std::uint64_t> inner(partition.parts);
  std::vector<std::vector<std::set<NodeId>>> halo(schema.node_types().size(),
                                                  std::vector<std::set<NodeId>>(partition.parts));
  for (const PlainEdge& edge : plain_edges(snapshot)) {
    ++cuts[edge.type].edges;
    if (part(edge.from) == part(edge.to)) {
      ++inner[part(edge.from)];
      continue;
    }
    ++cuts[edge.type].cut;
    halo[edge.to.type][part(edge.from)].insert(edge.to.id);
    halo[edge.from.type][part(edge.to)].insert(edge.from.id);
  }
  const auto tables = halo_tables(view(snapshot), partition);
  const PartitionReport report = report_partition(view(snapshot), partition, tables, loads, 1);
  for (std::size_t t = 0; t < cuts.size(); ++t) {
    EXPECT_EQ(report.edge_types[t].edges, cuts[t].edges) << schema.edge_types()[t].name;
    EXPECT_EQ(report.edge_types[t].cut, cuts[t].cut) << schema.edge_types()[t].name;
  }
  EXPECT_EQ(report.inner_edges, inner);
  ASSERT_EQ(tables.size(), halo.size());
  for (std::size_t t = 0; t < halo.size(); ++t) {
    ASSERT_EQ(partition.part_of[t].size(), snapshot.node_count(static_cast<NodeTypeId>(t)));
    for (std::uint32_t p = 0; p < partition.parts; ++p) {
      const auto found = tables[t].of(p);
      EXPECT_EQ(std::vector<NodeId>(found.begin(), found.end()),
                std::vector<NodeId>(halo[t][p].begin(), halo[t][p].end()));
      EXPECT_EQ(report.halo[t][p], halo[t][p].size());
    }
  }
  std::vector<std::uint64_t> sizes(partition.parts);
  for (const auto& type : report.nodes) {
    for (std::uint32_t p = 0; p < partition.parts; ++p) sizes[p] += type[p];
  }
  EXPECT_EQ(sizes, part_sizes(partition));
  for (std::size_t l = 0; l < loads.size(); ++l) {
    std::vector<std::uint64_t> amounts(partition.parts);
    for (std::size_t t = 0; t < halo.size(); ++t) {
      for (std::size_t n = 0; n < loads[l].of[t].size(); ++n)
        amounts[partition.part_of[t][n]] += loads[l].of[t][n];
    }
    EXPECT_EQ(report.loads[l], amounts);
  }
}

std::vector<NodeLoad> loads_of(const Snapshot& snapshot) {
  return {training_edge_load(snapshot, nullptr), field_byte_load(snapshot)};
}

TEST(Partition, CoversEveryNodeAndCountsItsCutAndHalo) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    TestFolder folder;
    write_snapshot(random_shop(seed), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    std::uint32_t nodes = 0;
    for (NodeTypeId type = 0; type < 4; ++type) nodes += snapshot.node_count(type);
    for (const PartitionMethod method : kAny) {
      for (const std::uint32_t parts : {1U, 2U, 3U, 7U, 9U, 40U, nodes}) {
        SCOPED_TRACE(testing::Message()
                     << partition_method_name(method) << ", seed " << seed << ", parts " << parts);
        const auto loads = loads_of(snapshot);
        const Partition found =
            partition(view(snapshot), {.parts = parts, .method = method, .seed = seed, .loads = loads});
        if (found.method == PartitionMethod::kMetis) {
          EXPECT_EQ(method, PartitionMethod::kAuto);
          EXPECT_TRUE(parts == 1 || nodes / parts >= 20);
        }
        expect_report(snapshot, found, loads);
      }
    }
  }
}

// Sparse, dense, star-like and disconnected graphs, any number of parts and loads, some of which are 0, some
// huge: METIS is never given what it cannot take, and has nothing to print.
TEST(Partition, AnyGraphAndAnyNumberOfParts) {
  for (std::uint64_t seed = 1; seed <= kRandomGraphs; ++seed) {
    Random random(seed);
    const std::uint64_t nodes = 1 + random.below(400);
    std::vector<std::pair<NodeId, NodeId>> edges(random.below(4 * nodes));
    for (auto& [from, to] : edges) {
      from = static_cast<NodeId>(random.below(1 + random.below(nodes)));
      to = static_cast<NodeId>(random.below(nodes));
    }
    PartitionOptions options{.parts = static_cast<std::uint32_t>(1 + random.below(1 + random.below(nodes))),
                             .seed = seed};
    options.imbalance = random.chance(0.1) ? 2 : 1.001 + static_cast<double>(random.below(1000)) / 1001;
    for (std::uint64_t l = random.below(3); l > 0; --l) {
      NodeLoad load{.of = {std::vector<std::uint64_t>(nodes)}};
      const std::uint64_t most = std::uint64_t{1} << random.below(40);
      for (auto& amount : load.of[0]) amount = random.chance(0.3) ? 0 : random.below(most);
      options.loads.push_back(std::move(load));
    }
    if (random.chance(0.3)) options.edge_weights = {static_cast<std::uint32_t>(random.below(3) * 1000)};
    TestFolder folder;
    write_snapshot(plain_graph(nodes, edges), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    testing::internal::CaptureStdout();
    for (const PartitionMethod method : kAny) {
      SCOPED_TRACE(testing::Message() << partition_method_name(method) << ", seed " << seed << ": " << nodes
                                      << " nodes, " << options.parts << " parts");
      options.method = method;
      expect_report(snapshot, partition(view(snapshot), options), options.loads);
    }
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "") << "seed " << seed;
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
  for (const PartitionMethod method : kBoth) {
    SCOPED_TRACE(partition_method_name(method));
    const Partition found = partition(view(snapshot), {.parts = kClusters, .method = method});
    const PartitionReport report =
        report_partition(view(snapshot), found, halo_tables(view(snapshot), found), {}, 1);
    EXPECT_EQ(report.all_edges().edges, edges.size());
    if (method == PartitionMethod::kMetis) {
      EXPECT_LE(report.all_edges().cut, kClusters);
    } else {
      EXPECT_LT(report.all_edges().cut, report.all_edges().random_cut / 2);
    }
    for (const std::uint64_t size : part_sizes(found)) EXPECT_NEAR(static_cast<double>(size), kSize, 3);
  }
}

// Users, items and tags of two loads: both within the asked imbalance (of METIS, which takes it as a wish,
// within somewhat more), and the cut well below that of a random assignment.
TEST(Partition, BalancesAllLoadsAndCutsLessThanChance) {
  TestFolder folder;
  write_snapshot(random_shop(1, 400, 300, 3000), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const auto loads = loads_of(snapshot);
  for (const PartitionMethod method : kBoth) {
    for (const std::uint32_t parts : {2U, 4U, 16U}) {
      SCOPED_TRACE(testing::Message() << partition_method_name(method) << ", parts " << parts);
      const Partition found = partition(view(snapshot), {.parts = parts, .method = method, .loads = loads});
      const PartitionReport report =
          report_partition(view(snapshot), found, halo_tables(view(snapshot), found), loads, 1);
      const EdgeCut all = report.all_edges();
      const double chance = 1.0 - 1.0 / parts;
      EXPECT_NEAR(static_cast<double>(all.random_cut), chance * static_cast<double>(all.edges),
                  0.05 * static_cast<double>(all.edges));
      EXPECT_LT(static_cast<double>(all.cut), 0.9 * static_cast<double>(all.random_cut));
      EXPECT_LE(report.imbalance(0), 1.2);
      EXPECT_LE(report.imbalance(1), 1.2);
    }
  }
}

// An edge type that costs more is cut less; one that costs nothing is no reason to join two nodes.
// Everybody bought the one thing: METIS gives most of them to two parts of four.
TEST(Partition, AStarIsBalancedByWhicheverMethodCan) {
  constexpr NodeId kLeaves = 20'000;
  std::vector<std::pair<NodeId, NodeId>> edges;
  for (NodeId leaf = 1; leaf <= kLeaves; ++leaf) edges.emplace_back(leaf, 0);
  TestFolder folder;
  write_snapshot(plain_graph(kLeaves + 1, edges), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  // One node alone has fields: no partition can share that out, and none is blamed for it.
  NodeLoad fields{.name = "field bytes", .of = {std::vector<std::uint64_t>(kLeaves + 1)}};
  fields.of[0][7] = 5;
  PartitionOptions options{.parts = 4, .loads = {training_edge_load(snapshot, nullptr), fields}};
  options.method = PartitionMethod::kMetis;
  const Partition metis = partition(view(snapshot), options);
  EXPECT_EQ(metis.method, PartitionMethod::kMetis) << "by name it is METIS whatever comes out";
  options.method = PartitionMethod::kAuto;
  const Partition found = partition(view(snapshot), options);
  const auto imbalance = [&](const Partition& of) {
    return report_partition(view(snapshot), of, halo_tables(view(snapshot), of), options.loads, 1)
        .imbalance(0);
  };
  EXPECT_GT(imbalance(metis), 1.5);
  EXPECT_LE(imbalance(found), 1.06);
  EXPECT_EQ(found.method, PartitionMethod::kStreaming);
}

TEST(Partition, EdgeWeightsDecideWhatIsCut) {
  // One type joins nodes of equal last bit, the other those of equal second bit.
  GraphTables tables;
  const auto node = tables.schema.add_node_type({.name = "node"});
  tables.schema.add_edge_type({.name = "first", .from = node, .to = node});
  tables.schema.add_edge_type({.name = "second", .from = node, .to = node});
  tables.nodes.resize(1);
  tables.edges.resize(2);
  Random random(1);
  for (NodeId i = 0; i < 400; ++i) tables.nodes[0].external_ids.push_back(std::to_string(i));
  for (int i = 0; i < 6000; ++i) {
    const auto a = static_cast<NodeId>(random.below(400)), b = static_cast<NodeId>(random.below(400));
    const std::size_t type = random.below(2);
    if (((a ^ b) >> type) % 2 != 0) continue;
    tables.edges[type].from.push_back(a);
    tables.edges[type].to.push_back(b);
  }
  TestFolder folder;
  write_snapshot(tables, folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  for (const PartitionMethod method : kBoth) {
    for (const std::size_t dear : {0U, 1U}) {
      for (const std::uint32_t cheap : {0U, 1U}) {
        SCOPED_TRACE(testing::Message()
                     << partition_method_name(method) << ", dear " << dear << ", cheap " << cheap);
        PartitionOptions options{.method = method, .edge_weights = {cheap, cheap}};
        options.edge_weights[dear] = 50;
        const Partition found = partition(view(snapshot), options);
        const PartitionReport report =
            report_partition(view(snapshot), found, halo_tables(view(snapshot), found), {}, 1);
        EXPECT_LT(4 * report.edge_types[dear].cut, report.edge_types[1 - dear].cut);
      }
    }
  }
}

TEST(Partition, TheSeedDecides) {
  TestFolder folder;
  write_snapshot(random_shop(1, 100, 100, 600), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  for (const PartitionMethod method : kBoth) {
    const auto parts = [&](std::uint64_t seed) {
      return partition(view(snapshot), {.parts = 4, .method = method, .seed = seed}).part_of;
    };
    EXPECT_EQ(parts(1), parts(1));
    EXPECT_NE(parts(1), parts(2));
  }
}

TEST(Partition, GraphsWithoutEdgesAreCutEvenly) {
  TestFolder folder;
  write_snapshot(plain_graph(10, {{3, 3}}), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  for (const PartitionMethod method : kAny) {
    for (const std::uint32_t parts : {1U, 3U, 10U}) {
      const auto sizes = part_sizes(partition(view(snapshot), {.parts = parts, .method = method}));
      EXPECT_LE(*std::max_element(sizes.begin(), sizes.end()) - *std::min_element(sizes.begin(), sizes.end()),
                1u);
    }
  }
}

// One node; a type without nodes; a type without edges.
TEST(Partition, SmallGraphs) {
  TestFolder folder;
  write_snapshot(plain_graph(1, {{0, 0}}), folder / "one");
  GraphTables tables = plain_graph(4, {{0, 1}, {2, 3}});
  const auto empty = tables.schema.add_node_type({.name = "empty", .fields = {{"x", FieldKind::kNumber}}});
  tables.schema.add_edge_type({.name = "nowhere", .from = 0, .to = empty, .timed = true});
  tables.nodes.resize(2);
  tables.edges.resize(2);
  write_snapshot(tables, folder / "empty");
  const Snapshot one = Snapshot::open(folder / "one"), with_empty = Snapshot::open(folder / "empty");
  for (const PartitionMethod method : kAny) {
    const Partition of_one = partition(view(one), {.parts = 1, .method = method, .loads = loads_of(one)});
    EXPECT_EQ(of_one.part_of, std::vector<std::vector<std::uint32_t>>{{0}});
    expect_report(one, of_one, loads_of(one));
    const Partition found =
        partition(view(with_empty), {.parts = 2, .method = method, .loads = loads_of(with_empty)});
    expect_report(with_empty, found, loads_of(with_empty));
    EXPECT_EQ(found.part_of[0][0], found.part_of[0][1]);
    EXPECT_EQ(found.part_of[0][2], found.part_of[0][3]);
    EXPECT_NE(found.part_of[0][0], found.part_of[0][2]);
  }
}

TEST(Partition, OptionsOutOfRangeAreErrors) {
  TestFolder folder;
  write_snapshot(plain_graph(3, {{0, 1}}), folder / "s");
  write_snapshot(plain_graph(0, {}), folder / "none");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  EXPECT_THROW(partition(view(snapshot), {.parts = 0}), Error);
  EXPECT_THROW(partition(view(snapshot), {.parts = 4}), Error);
  EXPECT_THROW(partition(view(snapshot), {.imbalance = 1.0}), Error);
  EXPECT_THROW(partition(view(snapshot), {.imbalance = NAN}), Error);
  EXPECT_THROW(partition(view(snapshot), {.loads = {{"l", {{1, 2}}}}}), Error);
  EXPECT_THROW(partition(view(snapshot), {.loads = {{"l", {}}}}), Error);
  EXPECT_THROW(partition(view(snapshot), {.edge_weights = {1, 2}}), Error);
  EXPECT_THROW(partition(view(Snapshot::open(folder / "none")), {.parts = 1}), Error);
}

// A view that claims more nodes than METIS can number is refused before anything is allocated; so are edge
// weights that add up to too much, and there `auto` takes the other method.
TEST(Partition, GraphsPastMetisIndicesAreErrors) {
  Schema schema;
  schema.add_node_type({.name = "n"});
  const GraphView graph{.schema = &schema, .node_counts = {1U << 31}};
  EXPECT_THROW(partition(graph, {.method = PartitionMethod::kMetis}), Error);

  TestFolder folder;
  write_snapshot(plain_graph(40, {{0, 1}, {2, 3}, {1, 2}}), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  EXPECT_THROW(partition(view(snapshot), {.parts = 3, .method = PartitionMethod::kMetis}), Error);
  PartitionOptions options{.method = PartitionMethod::kMetis, .edge_weights = {1U << 30}};
  EXPECT_THROW(partition(view(snapshot), options), Error);
  options.method = PartitionMethod::kAuto;
  EXPECT_EQ(partition(view(snapshot), options).method, PartitionMethod::kStreaming);
  options.edge_weights = {1U << 28};
  EXPECT_EQ(partition(view(snapshot), options).method, PartitionMethod::kMetis);
}

// Loads are those of a loop over the split's edges and the fields' values.
TEST(PartitionLoads, CountTrainingEdgesAndFieldBytes) {
  TestFolder folder;
  write_snapshot(random_shop(3), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const Split split = make_split(snapshot, 0, {});
  const NodeLoad train = training_edge_load(snapshot, &split), all = training_edge_load(snapshot, nullptr);
  std::vector<std::uint64_t> expected_train(snapshot.node_count(0)), expected_all(snapshot.node_count(0));
  for (EdgeTypeId type = 0; type < snapshot.schema().edge_types().size(); ++type) {
    const auto rows = snapshot.edge_rows(type);
    for (std::size_t e = 0; e < rows.size(); ++e) {
      if (snapshot.schema().edge_type(type).from != 0) continue;
      ++expected_all[rows[e]];
      if (type == 0 && split.parts[0][e] == Part::kTrain) ++expected_train[rows[e]];
    }
  }
  EXPECT_EQ(train.of[0], expected_train);
  EXPECT_EQ(all.of[0], expected_all);
  EXPECT_EQ(std::accumulate(train.of[1].begin(), train.of[1].end(), 0u), 0u);

  const NodeLoad bytes = field_byte_load(snapshot);
  for (NodeId n = 0; n < snapshot.node_count(0); ++n) EXPECT_EQ(bytes.of[0][n], 8u);
  for (NodeId n = 0; n < snapshot.node_count(1); ++n) {
    EXPECT_EQ(bytes.of[1][n], snapshot.texts(1, 0)[n].size() + 8 + 4 * snapshot.categories(1, 2)[n].size() +
                                  snapshot.media(1, 3).paths[n].size() +
                                  snapshot.media(1, 4).paths[n].size());
  }
}

}  // namespace
}  // namespace weft::graph
