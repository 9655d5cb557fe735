#include "sampling/live_rows.h"

#include "sampling/picks.h"

namespace weft::sampling {

std::uint32_t LiveRelation::count_before(const graph::RowSegments& row, graph::TimeMs before) const {
  if (!timed || before == graph::kEndOfTime) return row.length();
  const std::uint32_t old =
      row.base_length == 0 ? 0
                           : count_earlier(rows.base.times.data() + row.base_start, row.base_length, before);
  if (old < row.base_length || row.delta_length == 0) return old;
  return old +
         count_earlier(rows.segments.times.data() + (row.delta_start - rows.edges), row.delta_length, before);
}

std::vector<LiveRelation> live_relations(const graph::LiveGraphView& graph) {
  std::vector<LiveRelation> relations;
  for (std::size_t r = 0; r < graph.relations.size(); ++r) {
    const graph::EdgeTypeId type = graph::edge_type_of(static_cast<graph::RelationId>(r));
    const graph::EdgeType& edge_type = graph.base.schema->edge_type(type);
    relations.push_back({.rows = graph.relations[r],
                         .events = graph.base.events.at(type),
                         .new_events = graph.new_events.at(type),
                         .timed = edge_type.timed,
                         .weighted = edge_type.weighted});
  }
  return relations;
}

graph::Csr joined_rows(const LiveRelation& relation, std::size_t rows) {
  graph::Csr joined;
  joined.offsets.assign(1, 0);
  for (std::size_t row = 0; row < rows; ++row) {
    const graph::RowSegments segments = relation.rows.row(static_cast<graph::NodeId>(row));
    for (std::uint32_t p = 0; p < segments.length(); ++p) {
      const std::uint32_t position = segments.position(p);
      joined.targets.push_back(relation.rows.target(position));
      if (relation.timed) joined.times.push_back(relation.rows.time(position));
    }
    joined.offsets.push_back(joined.targets.size());
  }
  return joined;
}

}  // namespace weft::sampling
