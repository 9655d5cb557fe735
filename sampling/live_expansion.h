// One relation's share of one hop where rows are a snapshot's segment and a delta's (graph/live_view.h): the
// picks that expand() makes on the compacted snapshot, with the live view's edge ids. Internal to sampling/.
#pragma once

#include <cstdint>
#include <span>

#include "graph/live_view.h"
#include "sampling/expansion.h"

namespace weft::sampling {

struct LiveRelation {
  graph::DeltaRows rows = {};
  std::span<const EventId> new_events = {};  // [edge id - the snapshot's edges]
  bool timed = false, weighted = false;
};

// `job.csr` and `job.events` are the snapshot's. One row after the other, without the stages of expand(): for
// serving, where batches are small.
void expand_live(const RelationHop& job, const LiveRelation& live, ExpansionState& state, Subgraph& out);

}  // namespace weft::sampling
