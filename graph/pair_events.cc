#include "graph/pair_events.h"

#include <algorithm>
#include <tuple>

namespace weft::graph {
namespace {

// What one edge says of its event.
struct Touch {
  EventId event = kNoEvent;
  TimeMs time = kNoTime;
  NodeId from = kNoNode, to = kNoNode;  // nodes of the target's end types
};

std::uint64_t pair_key(NodeId from, NodeId to) {
  return std::uint64_t{from} << 32 | to;
}

auto order(const PairEvent& e) {
  return std::tie(e.from, e.to, e.time, e.event);
}

std::vector<std::uint64_t> target_pairs(const CsrView& target) {
  std::vector<std::uint64_t> pairs;
  for (NodeId row = 0; row < target.rows(); ++row) {
    for (std::uint64_t i = target.offsets[row]; i < target.offsets[row + 1]; ++i)
      pairs.push_back(pair_key(row, target.targets[i]));
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  return pairs;
}

// One entry an edge end that is of an end type of the target, or one for both ends.
void add_touches(const Snapshot& snapshot, EdgeTypeId type, const EdgeType& target,
                 std::vector<Touch>& touches) {
  const EdgeType& edge_type = snapshot.schema().edge_type(type);
  const CsrView& csr = snapshot.outgoing(type);
  const auto events = snapshot.edge_columns(type).events;
  const bool direct = edge_type.from == target.from && edge_type.to == target.to;
  const bool reversed = edge_type.from == target.to && edge_type.to == target.from;
  for (NodeId row = 0; row < csr.rows(); ++row) {
    for (std::uint64_t i = csr.offsets[row]; i < csr.offsets[row + 1]; ++i) {
      if (events[i] == kNoEvent) continue;
      const NodeId other = csr.targets[i];
      const TimeMs time = csr.times.empty() ? kNoTime : csr.times[i];
      if (direct) touches.push_back({events[i], time, row, other});
      if (reversed) touches.push_back({events[i], time, other, row});
      if (direct || reversed || target.from == target.to) continue;
      Touch touch{.event = events[i], .time = time};
      if (edge_type.from == target.from) touch.from = row;
      if (edge_type.from == target.to) touch.to = row;
      if (edge_type.to == target.from) touch.from = other;
      if (edge_type.to == target.to) touch.to = other;
      if (touch.from != kNoNode || touch.to != kNoNode) touches.push_back(touch);
    }
  }
}

NodeId higher(NodeId a, NodeId b) {
  if (a == kNoNode || b == kNoNode) return a == kNoNode ? b : a;
  return std::max(a, b);
}

}  // namespace

std::vector<PairEvent> pair_events(const Snapshot& snapshot, EdgeTypeId target) {
  const EdgeType& target_type = snapshot.schema().edge_type(target);
  std::vector<PairEvent> found;
  std::vector<Touch> touches;
  for (std::size_t t = 0; t < snapshot.schema().edge_types().size(); ++t) {
    if (t != target) add_touches(snapshot, static_cast<EdgeTypeId>(t), target_type, touches);
  }
  if (touches.empty()) return found;
  const std::vector<std::uint64_t> pairs = target_pairs(snapshot.outgoing(target));
  const auto target_column = snapshot.edge_columns(target).events;
  std::vector<EventId> own(target_column.begin(), target_column.end());
  std::sort(own.begin(), own.end());
  std::sort(touches.begin(), touches.end(), [](const Touch& a, const Touch& b) { return a.event < b.event; });
  const auto add = [&](NodeId from, NodeId to, EventId event, TimeMs time) {
    if (from == kNoNode || to == kNoNode) return;
    if (std::binary_search(pairs.begin(), pairs.end(), pair_key(from, to)))
      found.push_back({from, to, event, time});
  };
  for (std::size_t begin = 0; begin < touches.size();) {
    Touch all = touches[begin];
    std::size_t end = begin;
    for (; end < touches.size() && touches[end].event == all.event; ++end)
      all.time = std::max(all.time, touches[end].time);
    if (!std::binary_search(own.begin(), own.end(), all.event)) {
      for (std::size_t i = begin; i < end; ++i) {
        add(touches[i].from, touches[i].to, all.event, all.time);
        all.from = higher(all.from, touches[i].from);
        all.to = higher(all.to, touches[i].to);
      }
      if (target_type.from != target_type.to) add(all.from, all.to, all.event, all.time);
    }
    begin = end;
  }
  std::sort(found.begin(), found.end(),
            [](const PairEvent& a, const PairEvent& b) { return order(a) < order(b); });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::span<const PairEvent> events_of_pair(std::span<const PairEvent> events, NodeId from, NodeId to) {
  const auto before = [](const PairEvent& e, std::uint64_t key) { return pair_key(e.from, e.to) < key; };
  const auto begin = std::lower_bound(events.begin(), events.end(), pair_key(from, to), before);
  auto end = begin;
  while (end != events.end() && end->from == from && end->to == to) ++end;
  return {begin, end};
}

}  // namespace weft::graph
