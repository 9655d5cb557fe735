// The neighbour sampler on live views, against itself on the compacted snapshot.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "graph/live_view.h"
#include "sampling/neighbor_sampler.h"
#include "tests/sampling/live_graph.h"
#include "tests/sampling/random_batches.h"

namespace weft::sampling {
namespace {

// A batch whose bounds lie among the shop's times.
testing::RandomBatch shop_batch(const graph::GraphView& graph, std::mt19937& random) {
  testing::RandomBatch batch = testing::random_batch(graph, random);
  for (TimeMs& before : batch.before) {
    if (before != graph::kEndOfTime) before = testing::kLiveStart + before * 300;
  }
  return batch;
}

// Equal but for the numbers of edges, which must stand for the same ones.
void expect_same(const Subgraph& live_out, const Subgraph& whole_out, const graph::LiveView& live,
                 const graph::Snapshot& whole) {
  Subgraph renumbered = live_out;
  for (std::size_t i = 0; i < renumbered.relations.size(); ++i) {
    RelationBlock& block = renumbered.relations[i];
    if (block.edges.empty()) continue;  // of walks, or nothing was picked
    const graph::EdgeTypeId type = graph::edge_type_of(block.relation);
    const graph::EdgeColumns columns = whole.edge_columns(type);
    ASSERT_EQ(block.edges.size(), whole_out.relations[i].edges.size());
    for (std::size_t j = 0; j < block.edges.size(); ++j) {
      const EdgeId other = whole_out.relations[i].edges[j];
      ASSERT_EQ(live.edge_event(type, block.edges[j]), columns.events[other]);
      ASSERT_EQ(live.edge_source(type, block.edges[j]), columns.sources[other]);
      const auto times = whole.outgoing(type).times;
      ASSERT_EQ(live.edge_time(type, block.edges[j]), times.empty() ? graph::kNoTime : times[other]);
      block.edges[j] = other;
    }
  }
  testing::expect_equal(renumbered, whole_out);
}

class LiveSampler : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(LiveSampler, PicksAsOnTheCompactedSnapshot) {
  std::mt19937 random(GetParam());
  const testing::LiveAndWhole both(
      graph::random_shop(GetParam(), 10 + random() % 40, 5 + random() % 30, 50 + random() % 400),
      GetParam() * 7);
  const graph::LiveView& live = both.live;
  const graph::Snapshot& whole = both.whole;
  const graph::GraphView whole_view = graph::view(whole);
  NeighborSampler::Scratch live_scratch, whole_scratch;
  Subgraph live_out, whole_out;
  std::size_t fresh = 0, picks = 0, visits = 0;
  for (int round = 0; round < 20; ++round) {
    SamplerOptions options = testing::random_options(whole.schema(), random);
    options.walks = testing::random_walks(whole.schema(), options.fan_outs.size(), random);
    const NeighborSampler on_live(live.view(), options);
    const NeighborSampler on_whole(whole_view, options);
    for (std::uint32_t step = 0; step < 6; ++step) {
      const testing::RandomBatch batch = shop_batch(whole_view, random);
      on_live.sample(batch.view(), step, live_scratch, live_out);
      on_whole.sample(batch.view(), step, whole_scratch, whole_out);
      expect_same(live_out, whole_out, live, whole);
      if (HasFailure()) FAIL() << "seed " << GetParam() << ", round " << round << ", step " << step;
      for (const RelationBlock& block : live_out.relations) {
        visits += block.visits.size();
        if (block.edges.empty()) continue;
        const std::uint64_t old = live.base().edge_count(graph::edge_type_of(block.relation));
        for (const EdgeId edge : block.edges) fresh += edge >= old ? 1 : 0;
        picks += block.edges.size();
      }
    }
  }
  EXPECT_GT(picks, 1000U);
  EXPECT_GT(fresh, 50U);
  EXPECT_GT(visits, 100U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LiveSampler, ::testing::Range(1u, 25u));

}  // namespace
}  // namespace weft::sampling
