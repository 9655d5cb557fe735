// Turns edges that come in outgoing order into incoming order, in bounded memory: sorted runs on disk where
// they do not fit, merged at the end.
#pragma once

#include <cstdint>
#include <vector>

#include "base/merge.h"
#include "base/spool.h"
#include "base/thread_pool.h"
#include "graph/ids.h"

namespace weft::graph {

// An edge as its target sees it.
struct IncomingEdge {
  TimeMs time = kNoTime;
  NodeId row = 0;    // the target
  NodeId other = 0;  // the source
  EdgeId edge = 0;
  float weight = 1.0F;
  // Ascending ids of one row and time are ascending sources, then targets and events: the order of rows.
  bool operator<(const IncomingEdge& b) const {
    if (row != b.row) return row < b.row;
    return time != b.time ? time < b.time : edge < b.edge;
  }
};

class IncomingSort {
 public:
  // `memory` bytes at most, beside a few kilobytes for each run; `pool` may be null.
  IncomingSort(Scratch& scratch, std::size_t memory, ThreadPool* pool);

  // Edge ids ascend from call to call. Kill point: snapshot.after_run, for each run that went to disk.
  void add(const IncomingEdge& edge) {
    if (edges_.size() == capacity_) spill();
    if (edges_.capacity() == 0) edges_.reserve(capacity_);  // to grow in steps would take half as much again
    edges_.push_back(edge);
  }

  // Calls visit(edge) for each, in order; frees everything.
  template <typename Visit>
  void finish(Visit&& visit) {
    if (runs_.empty()) {
      sort();
      for (const IncomingEdge& edge : edges_) visit(edge);
    } else {
      if (!edges_.empty()) spill();
      std::vector<IncomingEdge>().swap(edges_);
      auto merged = merge_runs<RecordCursor<IncomingEdge>>(runs_, scratch_.files(), memory_);
      while (merged.next()) visit(merged.top().key());
    }
    std::vector<IncomingEdge>().swap(edges_);
    runs_.clear();
  }

 private:
  void sort();
  void spill();

  Scratch& scratch_;
  std::size_t memory_;
  std::size_t capacity_;  // edges; sorting takes as much again
  ThreadPool* pool_;
  std::vector<IncomingEdge> edges_;
  std::vector<Spool> runs_;
};

}  // namespace weft::graph
