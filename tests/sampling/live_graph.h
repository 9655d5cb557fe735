// Random live views for the samplers' tests, each beside the compacted snapshot of the same graph.
#pragma once

#include <random>

#include "graph/live_view.h"
#include "graph/snapshot.h"
#include "tests/graph/random_delta.h"

namespace weft::sampling::testing {

inline constexpr graph::TimeMs kLiveStart = 1'600'000'000'000;  // of random_shop, and of random_delta

// A snapshot and a delta after it as a view, and both as one snapshot.
struct LiveAndWhole {
  LiveAndWhole(const graph::GraphTables& tables, std::uint64_t seed)
      : base(graph::write_snapshot(tables, folder / "base")),
        delta(graph::random_delta(tables, base, seed)),
        live(graph::Snapshot::open(folder / "base"), delta),
        whole(write_whole(tables)) {}

  graph::TestFolder folder;
  graph::SnapshotInfo base;
  graph::Delta delta;
  graph::LiveView live;
  graph::Snapshot whole;

 private:
  graph::Snapshot write_whole(const graph::GraphTables& tables) const {
    graph::write_snapshot(graph::grown(tables, delta), folder / "whole");
    return graph::Snapshot::open(folder / "whole");
  }
};

// People who follow each other: one node type, one timed and weighted edge type; a few hubs, repeats of
// pairs.
inline graph::GraphTables random_circle(std::uint64_t seed, std::size_t people, std::size_t edges) {
  graph::Random random(seed);
  graph::GraphTables tables;
  tables.info = {.store_uuid = "c1", .sequence = 5, .source_files = {"a.csv", "b.csv", "c.csv"}};
  const auto person = tables.schema.add_node_type({.name = "person"});
  tables.schema.add_edge_type(
      {.name = "follows", .from = person, .to = person, .timed = true, .weighted = true});
  tables.nodes.resize(1);
  tables.edges.resize(1);
  for (std::size_t i = 0; i < people; ++i) {
    tables.nodes[0].external_ids.push_back(std::to_string(i));
    tables.nodes[0].first_seen.push_back(graph::kNoTime);
    tables.nodes[0].events.push_back(graph::kNoEvent);
  }
  for (std::size_t i = 0; i < edges; ++i) {
    graph::EdgeList& list = tables.edges[0];
    list.from.push_back(static_cast<graph::NodeId>(random.below(random.chance(0.3) ? 2 : people)));
    list.to.push_back(static_cast<graph::NodeId>(random.below(random.chance(0.3) ? 2 : people)));
    list.times.push_back(kLiveStart + random.between(0, 60) * 1000);
    list.weights.push_back(static_cast<float>(random.below(7)) / 2);
    list.events.push_back(1000 + i);
    list.sources.push_back(0);
  }
  return tables;
}

}  // namespace weft::sampling::testing
