// Random walks on live views, against the same walks on the compacted snapshot. What samplers make of walks
// there: live_sampler_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "graph/graph_view.h"
#include "sampling/random_walk.h"
#include "tests/sampling/live_graph.h"

namespace weft::sampling {
namespace {

using graph::kNoNode;
using graph::NodeId;
using graph::TimeMs;

// Steps that were taken along edges that only the delta has are among those counted: nodes that are new.
struct Seen {
  std::size_t steps = 0, to_new_nodes = 0;
};

void walk_both(const testing::LiveAndWhole& both, const WalkOptions& options, std::mt19937& random,
               Seen& seen) {
  const RandomWalker on_live(both.live.view(), options);
  const RandomWalker on_whole(graph::view(both.whole), options);
  const graph::NodeTypeId type = on_whole.type_at(0);
  ASSERT_EQ(on_live.type_at(0), type);
  std::vector<NodeId> starts(both.whole.node_count(type));
  std::iota(starts.begin(), starts.end(), NodeId{0});
  std::vector<TimeMs> before;
  if (random() % 2 == 0) {
    for (std::size_t i = 0; i < starts.size(); ++i)
      before.push_back(testing::kLiveStart + static_cast<TimeMs>(random() % 70) * 1000);
  }
  constexpr std::size_t kWalks = 6, kLength = 7;
  std::vector<NodeId> live(starts.size() * kWalks * (kLength + 1)), whole(live.size());
  on_live.walk(starts, before, 3, kWalks, kLength, live);
  on_whole.walk(starts, before, 3, kWalks, kLength, whole);
  ASSERT_EQ(live, whole);
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (i % (kLength + 1) == 0 || live[i] == kNoNode) continue;
    ++seen.steps;
    const graph::NodeTypeId at = on_whole.type_at(i % (kLength + 1));
    seen.to_new_nodes += live[i] >= both.live.base().node_count(at) ? 1 : 0;
  }
}

class LiveWalks : public ::testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, LiveWalks, ::testing::Range(1u, 13u));

TEST_P(LiveWalks, AlongPathsAreThoseOfTheCompactedSnapshot) {
  std::mt19937 random(GetParam());
  const testing::LiveAndWhole both(
      graph::random_shop(GetParam(), 10 + random() % 40, 5 + random() % 30, 50 + random() % 400),
      GetParam() * 7);
  Seen seen;
  // bought - bought by; wrote - about - bought by; friends; tags and back, which have no times.
  const std::vector<std::vector<graph::RelationId>> paths = {{0, 1}, {2, 4, 1}, {8}, {6, 7}};
  for (const auto& path : paths) {
    for (const bool weighted : {false, true}) {
      walk_both(both, {.seed = random(), .path = path, .weighted = weighted, .stop = 0.1}, random, seen);
      if (HasFatalFailure()) FAIL() << "seed " << GetParam();
    }
  }
  EXPECT_GT(seen.steps, 500u);
  EXPECT_GT(seen.to_new_nodes, 0u);
}

TEST_P(LiveWalks, OfSecondOrderAreThoseOfTheCompactedSnapshot) {
  std::mt19937 random(GetParam());
  const testing::LiveAndWhole both(
      testing::random_circle(GetParam(), 15 + random() % 20, 40 + random() % 200), GetParam() * 3);
  Seen seen;
  for (int round = 0; round < 8; ++round) {
    const double factors[] = {0.25, 1, 4, 1000};  // of 1000 nearly all proposals are rejected
    walk_both(both,
              {.seed = random(),
               .path = {static_cast<graph::RelationId>(round % 2)},
               .weighted = random() % 2 == 0,
               .p = factors[random() % 4],
               .q = factors[random() % 4]},
              random, seen);
    if (HasFatalFailure()) FAIL() << "seed " << GetParam() << ", round " << round;
  }
  EXPECT_GT(seen.steps, 500u);
}

}  // namespace
}  // namespace weft::sampling
