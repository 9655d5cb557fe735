#include "storage/bulk/standing_edges.h"

#include <algorithm>

#include "base/hash.h"
#include "storage/deletions.h"

namespace weft::storage {
namespace {

void put_edge(TableFiles& table, const EdgeRecord& edge) {
  char bytes[kEdgeKeyBytes + kEdgeValueBytes];
  edge.bytes(bytes);
  table.put({bytes, kEdgeKeyBytes}, {bytes + kEdgeKeyBytes, kEdgeValueBytes});
}

void erase_edge(TableFiles& table, const EdgeRecord& edge) {
  char bytes[kEdgeKeyBytes + kEdgeValueBytes];
  edge.bytes(bytes);
  table.erase({bytes, kEdgeKeyBytes});
}

// Whether the row of the event made a node of its own.
bool made_a_node(const GraphStore::Impl& store, graph::EventId event) {
  for (std::size_t type = 0; type < store.schema.from_event.size(); ++type) {
    if (store.schema.from_event[type] == 0) continue;
    const auto bytes = store.get(kIds, id_key(static_cast<graph::NodeTypeId>(type), to_hex(event)));
    const auto value = bytes ? decode_id_value(*bytes) : std::nullopt;
    if (value && value->event == event) return true;
  }
  return false;
}

}  // namespace

StandingEdges::StandingEdges(const GraphStore::Impl& store, graph::EdgeTypeId type, Family family,
                             Scratch& scratch)
    : store_(store),
      type_(type),
      outgoing_(family == kOutgoing),
      scratch_(scratch),
      stored_rows_(store, type, family),
      tables_{{scratch, store, family},
              {scratch, store, kMeta},
              {scratch, store, kMeta},
              {scratch, store, kMeta}} {}

void StandingEdges::merge(const std::vector<Spool>& edges, const std::vector<Spool>& deletions,
                          const std::vector<Spool>& stored, std::size_t memory, EdgesBeside& snapshot) {
  RowDeletions rows(deletions, scratch_.files(), memory / 3);
  RowDeletions stored_rows(stored, scratch_.files(), memory / 3);
  stored_ = &stored_rows;
  const auto visit = [this](const DeletionRecord& record) { take(record); };
  auto merged = merge_runs<RecordCursor<EdgeRecord>>(edges, scratch_.files(), memory / 3);
  while (merged.next()) {
    const EdgeRecord& edge = merged.top().key();
    const EdgeKey key = edge.key();
    rows.go_to(key.node, visit);
    end_row();
    stored_rows.go_to(key.node, [](const DeletionRecord&) {});
    erase_before(&edge);
    if (rows.row().reach(key.other, key.time) || stored_rows.row().reach(key.other, key.time)) {
      keep_in_mind(key);
    } else {
      put_edge(tables_[kEdges], edge);
      snapshot.put(edge);
    }
  }
  rows.finish(visit);
  end_row();
  erase_before(nullptr);
  stored_ = nullptr;
}

// The load's deletions, row by row.
void StandingEdges::take(const DeletionRecord& record) {
  if (!row_.empty() && row_.front().node != record.node) end_row();
  row_.push_back(record);
}

// What the load's deletions of a row are to the store.
void StandingEdges::end_row() {
  if (row_.empty()) return;
  const graph::NodeId node = row_.front().node;
  stored_->go_to(node, [](const DeletionRecord&) {});
  PairTimes times;
  graph::TimeMs latest = graph::kNoTime;
  for (const DeletionRecord& record : row_) {
    times.add(record);
    latest = std::max(latest, record.time);
    if (!outgoing_) continue;
    const EdgePair pair{type_, node, record.other};
    const auto until = stored_->row().until_of(record.other);
    if (record.at != 0 && !stored_->row().is_at(record.other, record.time)) {
      tables_[kAt].put(deletion_at_key(pair, record.time), "");
      ++new_deletions_;
    }
    if (record.at == 0 && (!until || *until < record.time)) {
      tables_[kUpTo].put(deletion_key(pair), encode_deletion(record.time));
      if (!until) ++new_deletions_;
    }
  }
  row_.clear();
  const graph::EdgeType& type = store_.schema.graph.edge_type(type_);
  if (node >= store_.state.node_counts[outgoing_ ? type.from : type.to]) return;
  // Those of the rows before are written by then, or go now: no edge of the load lies in between.
  erase_before(nullptr);
  stored_rows_.visit(node, latest, [&](const EdgeKey& key, const EdgeValue& value) {
    if (times.reach(key.other, key.time)) erased_.push_back(EdgeRecord::of(key, value));
  });
}

// Writes what the store loses up to the edge; null: all.
void StandingEdges::erase_before(const EdgeRecord* edge) {
  for (; next_erased_ < erased_.size() && (edge == nullptr || erased_[next_erased_] < *edge);
       ++next_erased_) {
    const EdgeKey key = erased_[next_erased_].key();
    if (outgoing_ && made_a_node(store_, key.event)) throw TakesEventNodes();
    erase_edge(tables_[kEdges], erased_[next_erased_]);
    keep_in_mind(key);
  }
  if (next_erased_ < erased_.size()) return;
  erased_.clear();
  next_erased_ = 0;
}

void StandingEdges::keep_in_mind(const EdgeKey& outgoing) {
  if (!outgoing_) return;
  tables_[kDeleted].put(deleted_key(outgoing), "");
  ++gone_;
}

}  // namespace weft::storage
