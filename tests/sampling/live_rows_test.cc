#include "sampling/live_rows.h"

#include <gtest/gtest.h>

#include <random>

#include "graph/graph_view.h"
#include "tests/sampling/live_graph.h"

namespace weft::sampling {
namespace {

using graph::NodeId;
using graph::RelationId;
using graph::TimeMs;

class LiveRows : public ::testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, LiveRows, ::testing::Range(1u, 9u));

TEST_P(LiveRows, AreThoseOfTheCompactedSnapshot) {
  std::mt19937 random(GetParam());
  const testing::LiveAndWhole both(graph::random_shop(GetParam(), 20, 15, 200), GetParam() * 5);
  const std::vector<LiveRelation> relations = live_relations(both.live.view());
  const graph::GraphView whole = graph::view(both.whole);
  ASSERT_EQ(relations.size(), whole.relations.size());
  std::size_t across = 0;  // bounds that lie in the delta's segment of a row that has both
  for (RelationId r = 0; r < relations.size(); ++r) {
    const LiveRelation& relation = relations[r];
    const graph::CsrView& csr = whole.relation(r);
    const auto& events = whole.events[graph::edge_type_of(r)];
    for (NodeId node = 0; node < csr.rows(); ++node) {
      const graph::RowSegments row = relation.rows.row(node);
      ASSERT_EQ(row.length(), csr.degree(node));
      for (std::uint32_t p = 0; p < row.length(); ++p) {
        const std::uint64_t position = csr.offsets[node] + p;
        EXPECT_EQ(relation.event_at(row, p), events[csr.edge_id(position)]);
        if (!relation.weighted) continue;
        EXPECT_EQ(
            p < row.base_length ? relation.base_sums(row)[p] : relation.delta_sums(row)[p - row.base_length],
            csr.weight_sums[position]);
      }
      for (int i = 0; i < 8; ++i) {
        const TimeMs bound =
            i == 0 ? graph::kEndOfTime : testing::kLiveStart + static_cast<TimeMs>(random() % 100) * 1000;
        const std::uint32_t count = relation.count_before(row, bound);
        EXPECT_EQ(count, csr.count_before(node, bound));
        across += row.base_length > 0 && count > row.base_length && count < row.length() ? 1 : 0;
      }
    }
  }
  EXPECT_GT(across, 0u);
}

TEST_P(LiveRows, JoinedAreTheCompactedSnapshotsColumns) {
  const testing::LiveAndWhole both(graph::random_shop(GetParam(), 20, 15, 200), GetParam() * 5);
  const std::vector<LiveRelation> relations = live_relations(both.live.view());
  const graph::GraphView whole = graph::view(both.whole);
  for (RelationId r = 0; r < relations.size(); ++r) {
    const graph::CsrView& csr = whole.relation(r);
    const graph::Csr joined = joined_rows(relations[r], csr.rows());
    EXPECT_TRUE(
        std::equal(joined.offsets.begin(), joined.offsets.end(), csr.offsets.begin(), csr.offsets.end()));
    EXPECT_TRUE(
        std::equal(joined.targets.begin(), joined.targets.end(), csr.targets.begin(), csr.targets.end()));
    EXPECT_TRUE(std::equal(joined.times.begin(), joined.times.end(), csr.times.begin(), csr.times.end()));
  }
}

}  // namespace
}  // namespace weft::sampling
