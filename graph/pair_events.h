// Events that tell of a link without being it: the cart, the rating or the review that joins the same two
// nodes as a target edge. Where the target's event is held out or supervised, they would give the answer
// away.
#pragma once

#include <vector>

#include "graph/ids.h"
#include "graph/snapshot.h"

namespace weft::graph {

struct PairEvent {
  NodeId from = 0, to = 0;  // ends of a target edge
  EventId event = kNoEvent;
  TimeMs time = kNoTime;  // the latest of the event's edges; kNoTime if none has a time
  bool operator==(const PairEvent&) const = default;
};

// All events that touch both ends of some edge of `target`, whether by one edge or by several (user to
// review, review to item), in order of (from, to, time, event). Events of target edges themselves are left
// out, as are edges without an event id. Where an event touches several nodes of an end's type by different
// edges, the one with the highest id counts.
std::vector<PairEvent> pair_events(const Snapshot& snapshot, EdgeTypeId target);

// Whether the event comes too late to be history of a link at `time`; without times it always does.
inline bool is_told_by(const PairEvent& event, TimeMs time) {
  return event.time == kNoTime || time == kNoTime || event.time >= time;
}

// The part of sorted `events` that joins the two nodes.
std::span<const PairEvent> events_of_pair(std::span<const PairEvent> events, NodeId from, NodeId to);

}  // namespace weft::graph
