// The adjacency that samplers and full-graph models work on: a whole snapshot, or only the events a split
// lets them see.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "graph/csr.h"
#include "graph/schema.h"
#include "graph/snapshot.h"

namespace weft::graph {

// Non-owning; the snapshot or FilteredGraph behind it must outlive it. Edge ids are always the snapshot's.
struct GraphView {
  const Schema* schema = nullptr;
  std::vector<NodeId> node_counts = {};               // [node type]
  std::vector<CsrView> relations = {};                // [relation id], 2 x edge types
  std::vector<std::span<const EventId>> events = {};  // [edge type][edge id of the snapshot]
  std::vector<std::span<const TimeMs>> edge_times =
      {};  // [edge type][edge id of the snapshot]; empty if untimed
  const CsrView& relation(RelationId id) const { return relations[id]; }
};

GraphView view(const Snapshot& snapshot);

// The snapshot without the edges for which `keep[edge type][edge id]` is 0. Owns the filtered arrays; node
// ids are unchanged. Rows keep their order; weight sums are of what is left. The outgoing relations carry
// edge ids too.
class FilteredGraph {
 public:
  FilteredGraph(const Snapshot& snapshot, const std::vector<std::vector<std::uint8_t>>& keep);
  GraphView view() const;

 private:
  Snapshot snapshot_;           // shares the maps
  std::vector<Csr> relations_;  // [relation id]
};

}  // namespace weft::graph
