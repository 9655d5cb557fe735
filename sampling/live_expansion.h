// One relation's share of one hop where rows are a snapshot's segment and a delta's (graph/live_view.h): the
// picks that expand() makes on the compacted snapshot, with the live view's edge ids. Internal to sampling/.
#pragma once

#include "sampling/expansion.h"
#include "sampling/live_rows.h"

namespace weft::sampling {

// `job.csr` and `job.events` are not read. One row after the other, without the stages of expand(): for
// serving, where batches are small.
void expand_live(const RelationHop& job, const LiveRelation& live, ExpansionState& state, Subgraph& out);

}  // namespace weft::sampling
