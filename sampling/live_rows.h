// The rows of a live view (graph/live_view.h) as samplers and walks read them: the snapshot's segment, then
// the delta's, one order of time through both.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/csr.h"
#include "graph/live_view.h"
#include "graph/schema.h"

namespace weft::sampling {

// Does not own its memory.
struct LiveRelation {
  graph::DeltaRows rows = {};
  std::span<const graph::EventId> events = {};      // [edge id] of the snapshot's edges
  std::span<const graph::EventId> new_events = {};  // [edge id - the snapshot's edges]
  bool timed = false, weighted = false;

  // How many of a row's edges are strictly before the bound; all of an untimed relation.
  std::uint32_t count_before(const graph::RowSegments& row, graph::TimeMs before) const;
  graph::EventId event_at(const graph::RowSegments& row, std::uint32_t p) const {
    const graph::EdgeId edge = rows.edge_id(row.position(p));
    return edge < events.size() ? events[edge] : new_events[edge - events.size()];
  }
  // Running sums of the weights of either segment; those of the delta's go on from the snapshot's.
  const std::uint64_t* base_sums(const graph::RowSegments& row) const {
    return rows.base.weight_sums.data() + row.base_start;
  }
  const std::uint64_t* delta_sums(const graph::RowSegments& row) const {
    return rows.segments.weight_sums.data() + (row.delta_start - rows.edges);
  }
};

std::vector<LiveRelation> live_relations(const graph::LiveGraphView& graph);  // [relation id]

// The rows of a relation in one piece: offsets, targets and times. O(rows + edges).
graph::Csr joined_rows(const LiveRelation& relation, std::size_t rows);

}  // namespace weft::sampling
