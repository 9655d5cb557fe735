// Batches and options for the samplers' tests, drawn at random, and what equal subgraphs are.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "graph/graph_view.h"
#include "sampling/neighbor_sampler.h"
#include "sampling/subgraph.h"

namespace weft::sampling::testing {

inline void expect_equal(const Subgraph& a, const Subgraph& b) {
  EXPECT_EQ(a.nodes, b.nodes);
  EXPECT_EQ(a.trees, b.trees);
  EXPECT_EQ(a.hop_ends, b.hop_ends);
  EXPECT_EQ(a.seeds, b.seeds);
  EXPECT_EQ(a.tree_before, b.tree_before);
  ASSERT_EQ(a.relations.size(), b.relations.size());
  for (std::size_t i = 0; i < a.relations.size(); ++i) {
    EXPECT_EQ(a.relations[i].relation, b.relations[i].relation);
    EXPECT_EQ(a.relations[i].offsets, b.relations[i].offsets);
    EXPECT_EQ(a.relations[i].sources, b.relations[i].sources);
    EXPECT_EQ(a.relations[i].edges, b.relations[i].edges);
    EXPECT_EQ(a.relations[i].visits, b.relations[i].visits);
  }
}

// A batch of random seeds of random types with every option drawn at random.
struct RandomBatch {
  std::vector<NodeRef> nodes;
  std::vector<TimeMs> before;
  std::vector<std::uint32_t> roots;
  std::vector<EventId> excluded;
  std::vector<std::uint32_t> excluded_offsets;
  SeedBatch view() const { return {nodes, before, roots, excluded, excluded_offsets}; }
};

inline RandomBatch random_batch(const graph::GraphView& graph, std::mt19937& random) {
  RandomBatch batch;
  const bool disjoint = random() % 2 == 0;
  const bool bounded = random() % 2 == 0;
  const bool excluding = random() % 2 == 0;
  const auto event = [&] {
    const auto& events = graph.events[random() % graph.events.size()];
    return events.empty() ? EventId{1} : events[random() % events.size()];
  };
  const std::size_t count = random() % 60;
  std::vector<TimeMs> bounds;
  std::vector<std::uint32_t> keys;
  for (std::size_t i = 0; i < count; ++i) {
    const auto type = static_cast<NodeTypeId>(random() % graph.node_counts.size());
    batch.nodes.push_back({type, static_cast<NodeId>(random() % graph.node_counts[type])});
    if (!disjoint) {
      if (bounded) batch.before.push_back(100);
      continue;
    }
    if (keys.empty() || random() % 3 == 0) {
      keys.push_back(static_cast<std::uint32_t>(7 * keys.size() + 5));
      bounds.push_back(random() % 8 == 0 ? graph::kEndOfTime : static_cast<TimeMs>(random() % 220));
    }
    const std::size_t tree = random() % keys.size();
    batch.roots.push_back(keys[tree]);
    if (bounded) batch.before.push_back(bounds[tree]);
  }
  if (excluding && !disjoint) {
    for (std::size_t i = 0; i < 40; ++i) batch.excluded.push_back(event());
    std::sort(batch.excluded.begin(), batch.excluded.end());
  }
  if (excluding && disjoint) {
    const std::size_t trees = std::set(batch.roots.begin(), batch.roots.end()).size();
    batch.excluded_offsets.push_back(0);
    for (std::size_t t = 0; t < trees; ++t) {
      std::vector<EventId> list;
      for (std::size_t i = random() % 12; i > 0; --i) list.push_back(event());
      std::sort(list.begin(), list.end());
      batch.excluded.insert(batch.excluded.end(), list.begin(), list.end());
      batch.excluded_offsets.push_back(static_cast<std::uint32_t>(batch.excluded.size()));
    }
  }
  return batch;
}

inline SamplerOptions random_options(const graph::Schema& schema, std::mt19937& random) {
  SamplerOptions options{.seed = random()};
  const std::uint32_t choices[] = {0, 1, 2, 3, 5, 9, 20, 70, kAllNeighbours};
  const std::size_t hops = random() % 4;
  for (std::size_t hop = 0; hop < hops; ++hop) {
    options.fan_outs.emplace_back(2 * schema.edge_types().size());
    // Few large fan-outs, so that three hops stay small.
    for (std::uint32_t& fan_out : options.fan_outs.back()) fan_out = choices[random() % (hop == 0 ? 9 : 6)];
    for (std::size_t r = 0; r < options.fan_outs.back().size(); ++r) {
      const graph::EdgeType& type = schema.edge_types()[r / 2];
      if (type.symmetric && r % 2 == 1) options.fan_outs.back()[r] = 0;
    }
  }
  constexpr PickLaw laws[] = {PickLaw::kUniform, PickLaw::kMostRecent, PickLaw::kWeighted, PickLaw::kLabor};
  options.law = laws[random() % 4];
  if ((options.law == PickLaw::kUniform || options.law == PickLaw::kWeighted) && random() % 3 == 0)
    options.replacement = Replacement::kWith;
  if (random() % 3 == 0) options.relabel_bytes = 8 * (random() % 50);
  return options;
}

// Relations of walks, none to three of them, of any options: along random paths that close.
inline std::vector<WalkRelation> random_walks(const graph::Schema& schema, std::size_t hops,
                                              std::mt19937& random) {
  std::vector<WalkRelation> walks;
  const std::vector<RelationId> relations = schema.relations();
  for (std::size_t count = random() % 4; walks.size() < count;) {
    WalkRelation walk{.weighted = random() % 2 == 0};
    while (walk.path.empty() || schema.target_type(walk.path.back()) != schema.row_type(walk.path.front())) {
      const RelationId next = relations[random() % relations.size()];
      if (walk.path.size() == 6) walk.path.clear();
      if (walk.path.empty() || schema.target_type(walk.path.back()) == schema.row_type(next))
        walk.path.push_back(next);
    }
    walk.walks = 1 + random() % 30;
    walk.rounds = 1 + random() % 3;
    walk.stop = random() % 2 == 0 ? 0 : 0.375;
    const std::uint32_t choices[] = {0, 1, 3, 8, 1000};
    for (std::size_t hop = 0; hop < hops; ++hop)
      walk.fan_outs.push_back(choices[random() % (hop == 0 ? 5 : 3)]);
    walks.push_back(std::move(walk));
  }
  return walks;
}

// Options that a device has a padded form of.
inline SamplerOptions padded_options(const graph::Schema& schema, std::mt19937& random) {
  SamplerOptions options = random_options(schema, random);
  if (options.law == PickLaw::kLabor) options.law = PickLaw::kWeighted;
  for (auto& hop : options.fan_outs) {
    for (std::uint32_t& fan_out : hop) fan_out = fan_out == kAllNeighbours ? 33 : std::min(fan_out, 33u);
  }
  return options;
}

}  // namespace weft::sampling::testing
