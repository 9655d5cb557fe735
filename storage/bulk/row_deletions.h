// The deletions of one edge type beside the merge of its edges: which edges of a row they reach.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/merge.h"
#include "base/spool.h"
#include "storage/bulk/records.h"

namespace weft::storage {

// What deletions say of one row's pairs. They are added in ascending order.
class PairTimes {
 public:
  void add(const DeletionRecord& record) {
    (record.at != 0 ? at_ : until_).emplace_back(record.other, record.time);
  }
  void clear() {
    until_.clear();
    at_.clear();
  }
  // Whether an edge of the row is deleted.
  bool reach(graph::NodeId other, graph::TimeMs time) const {
    const auto until = until_of(other);
    return (until && *until >= time) || is_at(other, time);
  }
  std::optional<graph::TimeMs> until_of(graph::NodeId other) const {
    const auto found = std::lower_bound(until_.begin(), until_.end(), std::pair(other, graph::kNoTime));
    if (found == until_.end() || found->first != other) return std::nullopt;
    return found->second;
  }
  bool is_at(graph::NodeId other, graph::TimeMs time) const {
    return std::binary_search(at_.begin(), at_.end(), std::pair(other, time));
  }

 private:
  std::vector<std::pair<graph::NodeId, graph::TimeMs>> until_;  // other end, until; one of each
  std::vector<std::pair<graph::NodeId, graph::TimeMs>> at_;     // other end, time
};

// Rows are asked for in ascending order of their nodes. Holds the deletions of one row in memory.
class RowDeletions {
 public:
  // Runs of DeletionRecord, seen from the rows' nodes; `memory` bytes of buffers.
  RowDeletions(const std::vector<Spool>& runs, Files& files, std::size_t memory)
      : merged_(merge_runs<RecordCursor<DeletionRecord>>(runs, files, memory)), any_(merged_.next()) {}

  // visit(record) for what counts of each pair up to this row, ascending; of rows without edges too.
  template <typename Visit>
  void go_to(graph::NodeId node, Visit&& visit) {
    if (node == node_) return;
    node_ = node;
    row_.clear();
    while (any_ && merged_.top().key().node <= node) take(visit);
  }
  // For the pairs that are left.
  template <typename Visit>
  void finish(Visit&& visit) {
    node_ = graph::kNoNode;
    while (any_) take(visit);
  }

  const PairTimes& row() const { return row_; }  // that go_to() was asked for

 private:
  template <typename Visit>
  void take(Visit& visit) {
    const DeletionRecord record = merged_.top().key();
    any_ = merged_.next();
    // Of those up to a time the latest counts, which comes last; of those at one time each does, once.
    if (any_) {
      DeletionRecord next = merged_.top().key();
      if (next == record) return;
      next.time = record.time;
      if (record.at == 0 && next == record) return;
    }
    if (record.node == node_) row_.add(record);
    visit(record);
  }

  Merge<RecordCursor<DeletionRecord>> merged_;
  bool any_;
  graph::NodeId node_ = graph::kNoNode;
  PairTimes row_;
};

}  // namespace weft::storage
