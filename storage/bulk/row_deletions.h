// The deletions of one edge type beside the merge of its edges: which edges of a row they reach.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "base/merge.h"
#include "base/spool.h"
#include "storage/bulk/records.h"

namespace weft::storage {

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
    row_at_.clear();
    while (any_ && merged_.top().key().node <= node) take(visit);
  }
  // For the pairs that are left.
  template <typename Visit>
  void finish(Visit&& visit) {
    node_ = graph::kNoNode;
    while (any_) take(visit);
  }

  // Whether an edge of the row is deleted.
  bool reach(graph::NodeId other, graph::TimeMs time) const {
    const auto until = std::lower_bound(row_.begin(), row_.end(), std::pair(other, time));
    return (until != row_.end() && until->first == other) ||
           std::binary_search(row_at_.begin(), row_at_.end(), std::pair(other, time));
  }

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
    if (record.node == node_) (record.at != 0 ? row_at_ : row_).emplace_back(record.other, record.time);
    visit(record);
  }

  Merge<RecordCursor<DeletionRecord>> merged_;
  bool any_;
  graph::NodeId node_ = graph::kNoNode;
  std::vector<std::pair<graph::NodeId, graph::TimeMs>> row_;     // other end, until; ascending
  std::vector<std::pair<graph::NodeId, graph::TimeMs>> row_at_;  // other end, time; ascending
};

}  // namespace weft::storage
