#include "graph/graph_view.h"

#include <gmock/gmock.h>

#include <vector>

#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

using Keep = std::vector<std::vector<std::uint8_t>>;

Keep keep_by(const Snapshot& snapshot, const std::function<bool()>& choose) {
  Keep keep;
  for (std::size_t i = 0; i < snapshot.schema().edge_types().size(); ++i) {
    keep.emplace_back();
    for (std::uint64_t e = 0; e < snapshot.edge_count(static_cast<EdgeTypeId>(i)); ++e)
      keep.back().push_back(choose() ? 1 : 0);
  }
  return keep;
}

// The weight of a position alone.
std::uint64_t weight_at(const CsrView& csr, NodeId row, std::uint64_t position) {
  return csr.weight_sums[position] - (position == csr.offsets[row] ? 0 : csr.weight_sums[position - 1]);
}

void expect_is_filtered(const CsrView& all, const CsrView& some, const std::vector<std::uint8_t>& keep) {
  ASSERT_EQ(some.rows(), all.rows());
  std::uint64_t next = 0;
  for (NodeId row = 0; row < all.rows(); ++row) {
    ASSERT_EQ(some.offsets[row], next);
    std::uint64_t sum = 0;
    for (std::uint64_t i = all.offsets[row]; i < all.offsets[row + 1]; ++i) {
      if (keep[all.edge_id(i)] == 0) continue;
      ASSERT_LT(next, some.edges());
      EXPECT_EQ(some.targets[next], all.targets[i]);
      EXPECT_EQ(some.edge_id(next), all.edge_id(i));
      if (!all.times.empty()) {
        EXPECT_EQ(some.times[next], all.times[i]);
      }
      if (!all.weight_sums.empty()) {
        sum += weight_at(all, row, i);
        EXPECT_EQ(some.weight_sums[next], sum);
      }
      ++next;
    }
  }
  EXPECT_EQ(some.offsets.back(), next);
  EXPECT_EQ(some.edges(), next);
}

class GraphViewOfRandomShop : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  GraphViewOfRandomShop() { write_snapshot(random_shop(GetParam()), folder_ / "s"); }
  TestFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Seeds, GraphViewOfRandomShop, ::testing::Range<std::uint64_t>(1, 6));

TEST_P(GraphViewOfRandomShop, ShowsTheWholeSnapshot) {
  const Snapshot snapshot = Snapshot::open(folder_ / "s");
  const GraphView graph = view(snapshot);
  EXPECT_EQ(graph.schema, &snapshot.schema());
  ASSERT_EQ(graph.node_counts.size(), 4u);
  ASSERT_EQ(graph.relations.size(), 14u);
  for (RelationId r = 0; r < 14; ++r) {
    EXPECT_EQ(graph.relation(r).targets.data(), snapshot.relation(r).targets.data());
    EXPECT_EQ(graph.relation(r).rows(), graph.node_counts[snapshot.schema().row_type(r)]);
  }
  for (EdgeTypeId type = 0; type < 7; ++type) {
    EXPECT_EQ(graph.events[type].size(), snapshot.edge_count(type));
    EXPECT_EQ(graph.edge_times[type].size(),
              snapshot.schema().edge_type(type).timed ? snapshot.edge_count(type) : 0);
  }
}

TEST_P(GraphViewOfRandomShop, FilteredIsTheSnapshotWithoutTheEdges) {
  const Snapshot snapshot = Snapshot::open(folder_ / "s");
  Random random(GetParam());
  for (const double share : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    const Keep keep = keep_by(snapshot, [&] { return random.chance(share); });
    const FilteredGraph filtered(snapshot, keep);
    const GraphView graph = filtered.view();
    for (RelationId r = 0; r < 14; ++r)
      expect_is_filtered(snapshot.relation(r), graph.relation(r), keep[edge_type_of(r)]);
    for (EdgeTypeId type = 0; type < 7; ++type) {
      EXPECT_EQ(graph.events[type].data(), snapshot.edge_columns(type).events.data());
    }
  }
}

TEST(FilteredGraph, KeepsTheSnapshotAliveAndMoves) {
  TestFolder folder;
  write_snapshot(random_shop(1), folder / "s");
  std::optional<Snapshot> snapshot = Snapshot::open(folder / "s");
  std::vector<FilteredGraph> graphs;
  graphs.emplace_back(*snapshot, keep_by(*snapshot, [] { return true; }));
  const EventId first = snapshot->edge_columns(0).events[0];
  snapshot.reset();
  graphs.reserve(10);  // moves it
  EXPECT_EQ(graphs[0].view().events[0][0], first);
  EXPECT_EQ(graphs[0].view().schema->node_type(0).name, "user");
}

TEST(FilteredGraph, MasksOfAnotherShapeAreBugs) {
  TestFolder folder;
  write_snapshot(random_shop(1), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  Keep keep = keep_by(snapshot, [] { return true; });
  keep[0].pop_back();
  EXPECT_DEATH(FilteredGraph(snapshot, keep), "keep");
}

}  // namespace
}  // namespace weft::graph
