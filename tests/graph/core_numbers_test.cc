#include "graph/core_numbers.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "graph/undirected.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

using ::testing::ElementsAre;

// By the definition: take away, again and again, every node with fewer than k neighbours left.
std::vector<std::vector<std::uint32_t>> by_removal(const GraphView& graph) {
  const UndirectedGraph undirected(graph);
  std::map<NodeRef, std::set<NodeRef>> left;
  std::vector<std::vector<std::uint32_t>> cores;
  for (NodeTypeId type = 0; type < graph.node_counts.size(); ++type) {
    cores.emplace_back(graph.node_counts[type]);
    for (NodeId id = 0; id < graph.node_counts[type]; ++id) left[{type, id}];
  }
  for (EdgeTypeId type = 0; type < graph.schema->edge_types().size(); ++type) {
    const EdgeType& edge_type = graph.schema->edge_type(type);
    const CsrView& out = graph.relation(outgoing_relation(type));
    for (NodeId row = 0; row < out.rows(); ++row) {
      for (const NodeId target : out.neighbours(row)) {
        const NodeRef a{edge_type.from, row}, b{edge_type.to, target};
        if (a == b) continue;
        left[a].insert(b);
        left[b].insert(a);
      }
    }
  }
  for (std::uint32_t k = 1; !left.empty(); ++k) {
    for (bool removed = true; removed;) {
      removed = false;
      for (auto at = left.begin(); at != left.end();) {
        if (at->second.size() >= k) {
          ++at;
          continue;
        }
        for (const NodeRef neighbour : at->second) left[neighbour].erase(at->first);
        at = left.erase(at);
        removed = true;
      }
    }
    for (const auto& [node, neighbours] : left) cores[node.type][node.id] = k;
  }
  return cores;
}

TEST(CoreNumbers, EqualRemovalByTheDefinition) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    write_snapshot(random_shop(seed, 20 + 5 * seed, 30, 60 * seed), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    EXPECT_EQ(core_numbers(view(snapshot)), by_removal(view(snapshot)));
  }
}

TEST(CoreNumbers, EqualRemovalOnRandomPlainGraphs) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::size_t nodes = 1 + random.below(40);
    std::vector<std::pair<NodeId, NodeId>> edges;
    for (std::uint64_t i = random.below(200); i > 0; --i)
      edges.emplace_back(random.below(nodes), random.below(nodes));
    TestFolder folder;
    write_snapshot(plain_graph(nodes, edges), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    EXPECT_EQ(core_numbers(view(snapshot)), by_removal(view(snapshot)));
  }
}

TEST(CoreNumbers, SmallCases) {
  TestFolder folder;
  // A triangle with a tail, a loop, an edge given four times, and a node alone.
  write_snapshot(plain_graph(8, {{0, 1}, {1, 2}, {2, 0}, {2, 3}, {4, 4}, {5, 6}, {5, 6}, {6, 5}, {6, 5}}),
                 folder / "a");
  const Snapshot a = Snapshot::open(folder / "a");
  EXPECT_THAT(core_numbers(view(a))[0], ElementsAre(2, 2, 2, 1, 0, 1, 1, 0));
  write_snapshot(plain_graph(1, {}), folder / "b");
  const Snapshot b = Snapshot::open(folder / "b");
  EXPECT_THAT(core_numbers(view(b)), ElementsAre(ElementsAre(0)));
  write_snapshot(plain_graph(0, {}), folder / "c");
  const Snapshot c = Snapshot::open(folder / "c");
  EXPECT_THAT(core_numbers(view(c)), ElementsAre(ElementsAre()));
  write_snapshot(GraphTables{}, folder / "d");
  const Snapshot d = Snapshot::open(folder / "d");
  EXPECT_THAT(core_numbers(view(d)), ElementsAre());
}

}  // namespace
}  // namespace weft::graph
