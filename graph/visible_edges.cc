#include "graph/visible_edges.h"

#include <algorithm>

namespace weft::graph {

VisibleEdges::VisibleEdges(const Snapshot& snapshot, const GraphView& view, const UndirectedGraph& graph,
                           TimeMs before)
    : snapshot_(snapshot), view_(view), graph_(graph), before_(before) {
  if (before != kEndOfTime) find_later_events();
}

// An untimed edge is as late as what its event made beside it.
void VisibleEdges::find_later_events() {
  for (EdgeTypeId type = 0; type < view_.events.size(); ++type) {
    const auto times = view_.edge_times[type];
    for (std::size_t e = 0; e < times.size(); ++e) {
      if (times[e] >= before_ && view_.events[type][e] != kNoEvent)
        later_events_.push_back(view_.events[type][e]);
    }
  }
  std::sort(later_events_.begin(), later_events_.end());
  later_events_.erase(std::unique(later_events_.begin(), later_events_.end()), later_events_.end());
}

void VisibleEdges::hide_direct(NodeRef a, NodeRef b) {
  direct_hidden_ = true;
  direct_a_ = graph_.vertex(a);
  direct_b_ = graph_.vertex(b);
  for (const UndirectedGraph::Leg& leg : graph_.legs(a.type)) {
    for (std::uint64_t i = leg.csr.offsets[a.id]; i < leg.csr.offsets[a.id + 1]; ++i) {
      if (leg.target_start + leg.csr.targets[i] == direct_b_)
        hide_event(view_.events[edge_type_of(leg.relation)][leg.csr.edge_id(i)]);
    }
  }
}

void VisibleEdges::hide_event(EventId event) {
  if (event != kNoEvent) hidden_events_.insert(event);
}

bool VisibleEdges::operator()(EdgeTypeId type, EdgeId edge, std::uint64_t from, std::uint64_t to,
                              bool end) const {
  const auto times = view_.edge_times[type];
  const EventId event = view_.events[type][edge];
  if (!times.empty() && times[edge] >= before_) return false;
  if (times.empty() && std::binary_search(later_events_.begin(), later_events_.end(), event)) return false;
  if (!hidden_events_.empty() && hidden_events_.contains(event)) return false;
  if (direct_hidden_ && ((from == direct_a_ && to == direct_b_) || (from == direct_b_ && to == direct_a_)))
    return false;
  if (end) return true;
  if (!hidden_nodes_.empty() && hidden_nodes_.contains(to)) return false;
  if (before_ == kEndOfTime) return true;
  const NodeRef node = graph_.node(to);
  const auto first_seen = snapshot_.first_seen(node.type);
  return first_seen[node.id] < before_;
}

std::uint64_t VisibleEdges::degree(NodeRef node) const {
  std::uint64_t sum = 0;
  for (const UndirectedGraph::Leg& leg : graph_.legs(node.type))
    sum += leg.csr.count_before(node.id, before_);
  return sum;
}

}  // namespace weft::graph
