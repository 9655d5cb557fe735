// What a neighbour sampler is asked for and what it gives back.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/ids.h"

namespace weft::sampling {

using graph::EdgeId;
using graph::EventId;
using graph::NodeId;
using graph::NodeRef;
using graph::NodeTypeId;
using graph::RelationId;
using graph::TimeMs;

// Nodes to embed. `before`: per seed, only events strictly earlier are seen; empty: no bound. `roots`: per
// seed the key of its tree: seeds with the same root share one tree, trees of different roots share no node;
// empty: one shared frontier for all seeds (`before` must then be one value for all, or empty). With disjoint
// trees, seeds of one root must have one bound. Supervised events to hide: `excluded` lists event ids,
// sorted; with disjoint trees `excluded_offsets` [distinct roots in order of first appearance + 1] gives each
// tree's range; without offsets all are hidden from every tree, as from the one frontier.
struct SeedBatch {
  std::span<const NodeRef> nodes = {};
  std::span<const TimeMs> before = {};
  std::span<const std::uint32_t> roots = {};
  std::span<const EventId> excluded = {};
  std::span<const std::uint32_t> excluded_offsets = {};
};

// All sampled edges of one relation, hop after hop, as one CSR over the expanded nodes of the row type in
// local order: local node v's picks are [offsets[v], offsets[v + 1]). Rows of hop h are hop_ends[row type][h
// - 1] .. hop_ends[row type][h], so one hop's block is a sub-range, and a layer that needs nodes up to hop h
// uses a prefix.
struct RelationBlock {
  RelationId relation = 0;
  std::vector<std::uint32_t> offsets = {};  // [expanded rows + 1]
  std::vector<std::uint32_t> sources = {};  // [picked], local ids of the senders within their node type
  std::vector<EdgeId> edges =
      {};  // [picked], edge ids of the snapshot: time, weight and features follow from them
  // [picked], of a relation that walks make: how often each was visited. Such picks are no edges: `edges` is
  // empty, and `relation` is walk_relation_id().
  std::vector<std::uint32_t> visits = {};
};

// The sampled neighbourhood. Buffers are re-used from batch to batch.
struct Subgraph {
  std::vector<std::vector<NodeId>> nodes =
      {};  // [node type][local id] -> dense id, in order of first appearance
  std::vector<std::vector<std::uint32_t>> trees =
      {};  // [node type][local id] -> tree (position of its root); empty if shared
  // [node type][hop 0 .. hops]: how many local nodes appeared up to and with that hop (hop 0: the seeds).
  std::vector<std::vector<std::uint32_t>> hop_ends = {};
  // One for each relation of the schema with fan-out, ascending, then those that walks make.
  std::vector<RelationBlock> relations = {};
  std::vector<std::uint32_t> seeds = {};  // [seed] -> local id within its type
  std::vector<TimeMs> tree_before = {};   // [tree] (one entry if shared): the time bound; kEndOfTime if none
};

}  // namespace weft::sampling
