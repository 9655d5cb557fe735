// Why two nodes have to do with each other: short paths between them through the graph, few and unlike.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/snapshot.h"

namespace weft::graph {

struct PathStep {
  RelationId relation = 0;  // of the row `from`: incoming if the edge points at `from`
  EdgeId edge = kNoEdge;    // the snapshot's; of parallel edges the latest
  NodeRef from = {};
  NodeRef to = {};
  TimeMs time = kNoTime;  // of the edge; kNoTime if its type is untimed
  double weight = 1;      // of the edge; 1 if its type is unweighted
};

struct ExplanationPath {
  std::vector<PathStep> steps = {};
  std::uint64_t busyness = 0;  // edges of the inner nodes, earlier than the bound
};

inline constexpr std::uint32_t kMostPathHops = 8;

struct PathOptions {
  std::size_t count = 3;
  std::uint32_t max_hops = 5;  // 1 to kMostPathHops
  // Nothing at or after it is used: no such edge, no untimed edge of an event that made one, and no inner
  // node first seen then.
  TimeMs before = kEndOfTime;
  // Leaves out the edges that join the two directly, and all that their events made.
  bool only_indirect = false;
};

// At most `count` paths from one node to another over edges of any type in either direction, shortest first.
// A path shares no inner node and no event with those before it; all edges that join the two directly are one
// path. Of equally short paths, one whose relations are new is taken before others, then one whose inner
// nodes have fewer edges (what little else leads through says more), then the one of the relations that come
// first in the schema. Empty if there is none within max_hops. Deterministic.
//
// Distances by boost::breadth_first_visit over the adaptor, from `to`; memory 10 bytes a node, 8 for each
// timed edge at or after the bound, and the states of nodes on shortest paths. Throws Error (kUsage) if both
// are the same node or max_hops is out of range.
std::vector<ExplanationPath> explanation_paths(const Snapshot& snapshot, NodeRef from, NodeRef to,
                                               const PathOptions& options = {});

}  // namespace weft::graph
