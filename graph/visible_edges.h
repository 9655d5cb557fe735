// Which edges and nodes a path may use: what is before a bound in time and not left out. Internal to graph/.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "graph/graph_view.h"
#include "graph/snapshot.h"
#include "graph/undirected.h"

namespace weft::graph {

class VisibleEdges {
 public:
  // All must outlive it.
  VisibleEdges(const Snapshot& snapshot, const GraphView& view, const UndirectedGraph& graph, TimeMs before);

  // Edges that join the two, and all that their events made.
  void hide_direct(NodeRef a, NodeRef b);
  void hide_event(EventId event);  // kNoEvent: nothing
  void hide_node(NodeRef node) { hidden_nodes_.insert(graph_.vertex(node)); }

  // Whether the edge may be a path's step to that vertex. `end`: whether the vertex is the path's end, which
  // may be first seen later.
  bool operator()(EdgeTypeId type, EdgeId edge, std::uint64_t from, std::uint64_t to, bool end) const;
  // Edges earlier than the bound.
  std::uint64_t degree(NodeRef node) const;

 private:
  void find_later_events();

  const Snapshot& snapshot_;
  const GraphView& view_;
  const UndirectedGraph& graph_;
  TimeMs before_;
  std::vector<EventId> later_events_;  // ascending; of timed edges at or after the bound
  std::unordered_set<EventId> hidden_events_;
  std::unordered_set<std::uint64_t> hidden_nodes_;
  bool direct_hidden_ = false;
  std::uint64_t direct_a_ = 0, direct_b_ = 0;
};

}  // namespace weft::graph
