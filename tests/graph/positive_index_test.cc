#include "graph/positive_index.h"

#include <gmock/gmock.h>

#include <set>

#include "graph/graph_view.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

TEST(PositiveIndex, EqualsASetOfPairs) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    write_snapshot(random_shop(seed), folder / "s");
    const Snapshot snapshot = Snapshot::open(folder / "s");
    Random random(seed);
    for (RelationId r = 0; r < 14; ++r) {
      const CsrView csr = snapshot.relation(r);
      for (const double share : {0.0, 0.5, 1.0}) {
        std::vector<std::uint8_t> keep(csr.edges());
        for (auto& flag : keep) flag = random.chance(share) ? 2 : 0;
        const PositiveIndex index(csr, keep);
        std::vector<std::set<NodeId>> expected(csr.rows());
        std::size_t pairs = 0;
        for (NodeId row = 0; row < csr.rows(); ++row) {
          for (std::uint64_t i = csr.offsets[row]; i < csr.offsets[row + 1]; ++i) {
            if (keep[csr.edge_id(i)] != 0) expected[row].insert(csr.targets[i]);
          }
          pairs += expected[row].size();
        }
        ASSERT_EQ(index.rows(), csr.rows());
        EXPECT_EQ(index.pairs(), pairs);
        EXPECT_EQ(index.offsets().size(), csr.rows() + 1);
        EXPECT_EQ(index.all_targets().size(), pairs);
        const NodeId targets = snapshot.node_count(snapshot.schema().target_type(r));
        for (NodeId row = 0; row < csr.rows(); ++row) {
          EXPECT_THAT(index.targets(row), ElementsAreArray(expected[row]));
          for (NodeId t = 0; t < targets; ++t) EXPECT_EQ(index.contains(row, t), expected[row].contains(t));
        }
      }
    }
  }
}

TEST(PositiveIndex, EmptyKeepMeansAllAndFilteredViewsWork) {
  TestFolder folder;
  write_snapshot(plain_graph(4, {{0, 3}, {0, 1}, {0, 3}, {2, 2}}), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const PositiveIndex all(snapshot.outgoing(0), {});
  EXPECT_THAT(all.targets(0), ElementsAre(1, 3));
  EXPECT_THAT(all.targets(1), IsEmpty());
  EXPECT_EQ(all.pairs(), 3u);
  // Edge ids are in the order (0,1) (0,3) (0,3) (2,2); the mask is by the snapshot's ids also for a filtered
  // view.
  const FilteredGraph filtered(snapshot, {{0, 1, 0, 1}});
  const std::vector<std::uint8_t> keep = {1, 0, 1, 1};
  const PositiveIndex some(filtered.view().relation(0), keep);
  EXPECT_THAT(some.targets(0), IsEmpty());
  EXPECT_THAT(some.targets(2), ElementsAre(2));
  EXPECT_FALSE(some.contains(0, kNoNode));
}

TEST(PositiveIndex, DefaultIsEmptyAndRowsOutOfRangeAreBugs) {
  const PositiveIndex index;
  EXPECT_EQ(index.rows(), 0u);
  EXPECT_EQ(index.pairs(), 0u);
  EXPECT_DEATH((void)index.contains(0, 0), "rows");
}

}  // namespace
}  // namespace weft::graph
