// A graph that is up to date without being written anew: a snapshot and the delta that came after it.
//
// Each row of a relation is the snapshot's segment and at most one segment of the delta's, together in the
// order of rows (time, then target, then event). A row whose new edges do not all come last, or that lost
// one, is copied whole: its segment of the snapshot is left out. An edge keeps the id that it has in the
// snapshot; new ones follow in the order of Delta's `added`. Node ids are the store's, as in snapshots.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/delta.h"
#include "graph/graph_view.h"
#include "graph/snapshot.h"

namespace weft::graph {

// A row's two segments as positions. Those of the delta begin behind all of the snapshot's, at `edges` of
// DeltaRows.
struct RowSegments {
  std::uint32_t base_start = 0;
  std::uint32_t base_length = 0;
  std::uint32_t delta_start = 0;
  std::uint32_t delta_length = 0;
  std::uint32_t length() const { return base_length + delta_length; }
  // The row's p-th edge, and back.
  std::uint32_t position(std::uint32_t p) const {
    return p < base_length ? base_start + p : delta_start + (p - base_length);
  }
};

// The delta's segments of one relation, beside the snapshot's rows. Does not own its memory.
struct DeltaRows {
  CsrView base = {};                              // of the snapshot
  std::uint32_t edges = 0;                        // base.edges()
  std::span<const std::uint64_t> has_delta = {};  // [rows / 64], a bit for each row with a segment
  std::span<const std::uint32_t> before = {};     // [rows / 64], segments of the rows before each word's
  std::span<const std::uint8_t> copied = {};  // [segments], 1: the row's segment of the snapshot is left out
  // [segments]; edge_ids always there. weight_sums go on from the snapshot's segment.
  CsrView segments = {};

  RowSegments row(NodeId node) const {
    RowSegments out;
    if (node < base.rows()) {
      out.base_start = static_cast<std::uint32_t>(base.offsets[node]);
      out.base_length = static_cast<std::uint32_t>(base.offsets[node + 1] - base.offsets[node]);
    }
    const std::uint64_t word = has_delta[node / 64];
    const std::uint64_t bit = std::uint64_t{1} << (node % 64);
    if ((word & bit) == 0) return out;
    const std::size_t at = before[node / 64] + static_cast<std::size_t>(std::popcount(word & (bit - 1)));
    out.delta_start = edges + static_cast<std::uint32_t>(segments.offsets[at]);
    out.delta_length = static_cast<std::uint32_t>(segments.offsets[at + 1] - segments.offsets[at]);
    if (copied[at] != 0) out.base_length = 0;
    return out;
  }
  NodeId target(std::uint32_t position) const {
    return position < edges ? base.targets[position] : segments.targets[position - edges];
  }
  EdgeId edge_id(std::uint32_t position) const {
    return position < edges ? base.edge_id(position) : segments.edge_ids[position - edges];
  }
  // Of timed relations.
  TimeMs time(std::uint32_t position) const {
    return position < edges ? base.times[position] : segments.times[position - edges];
  }
  // Of weighted relations: the sum of the row's weights up to and with this edge.
  std::uint64_t weight_sum(std::uint32_t position) const {
    return position < edges ? base.weight_sums[position] : segments.weight_sums[position - edges];
  }
};

// What samplers take. Does not own its memory.
struct LiveGraphView {
  GraphView base = {};                                    // the snapshot's rows, but the live node counts
  std::vector<DeltaRows> relations = {};                  // [relation id]
  std::vector<std::span<const EventId>> new_events = {};  // [edge type][edge id - the snapshot's edges]
};

class LiveView {
 public:
  // Throws Error if the delta stands on another snapshot, is damaged (check_delta), takes out an edge that is
  // not there, or makes rows or ids that a view cannot hold. O(delta + rows it copies + nodes / 64).
  LiveView(Snapshot base, Delta delta);

  const Snapshot& base() const { return base_; }
  const DeltaInfo& info() const { return delta_.info; }
  const Schema& schema() const { return base_.schema(); }
  const std::vector<std::string>& source_files() const { return delta_.info.source_files; }

  NodeId node_count(NodeTypeId type) const { return delta_.node_count(type); }
  std::uint64_t edge_count(EdgeTypeId type) const;  // of edges that are there; ids may leave gaps
  DeltaRows relation(RelationId relation) const;
  LiveGraphView view() const;  // valid as long as this object

  // Of an edge by its id.
  EventId edge_event(EdgeTypeId type, EdgeId edge) const;
  TimeMs edge_time(EdgeTypeId type, EdgeId edge) const;   // kNoTime if untimed
  float edge_weight(EdgeTypeId type, EdgeId edge) const;  // 1 if unweighted
  std::uint16_t edge_source(EdgeTypeId type, EdgeId edge) const;

  std::string_view external_id(NodeRef node) const;
  std::optional<NodeId> find_node(NodeTypeId type, std::string_view external_id) const;  // O(log n)
  // New nodes, counted from the snapshot's last, in ascending byte order of their external ids.
  std::span<const NodeId> new_id_order(NodeTypeId type) const { return id_order_.at(type); }
  TimeMs first_seen(NodeRef node) const;
  EventId node_event(NodeRef node) const;
  FieldValue field(NodeRef node, std::size_t field) const;  // monostate if missing

 private:
  struct Rows;  // what one relation's DeltaRows views
  Snapshot base_;
  Delta delta_;
  std::vector<std::vector<NodeId>> id_order_;  // [node type], new nodes (from 0) by external id
  std::vector<std::shared_ptr<const Rows>> rows_;
};

}  // namespace weft::graph
