// The incoming side of the edges that as_node fields made and took back, while the outgoing side is merged.
#pragma once

#include <algorithm>
#include <vector>

#include "base/merge.h"
#include "base/spool.h"
#include "storage/bulk/records.h"

namespace weft::storage {

// An edge that a row gets, or that it had.
struct RowChange {
  EdgeRecord edge = {};
  bool erase = false;
  // No two of one key.
  bool operator<(const RowChange& other) const { return edge < other.edge; }
};

// Sorts changes in pieces that fit `memory` bytes. Not thread-safe.
class AttributeEnds {
 public:
  AttributeEnds(Scratch& scratch, std::size_t memory) : scratch_(scratch), memory_(memory) {}

  void add(const RowChange& change) {
    std::vector<EdgeRecord>& side = change.erase ? erased_.edges : put_.edges;
    side.push_back(change.edge);
    if ((erased_.edges.size() + put_.edges.size()) * 2 * sizeof(EdgeRecord) > memory_) spill(Keep::kOnDisk);
  }

  // Calls visit(RowChange) in ascending order.
  template <typename Visit>
  void finish(Visit&& visit) {
    spill(Keep::kInMemory);
    auto put = merge_runs<RecordCursor<EdgeRecord>>(put_.runs, scratch_.files(), memory_);
    auto erased = merge_runs<RecordCursor<EdgeRecord>>(erased_.runs, scratch_.files(), memory_);
    bool any = erased.next();
    while (put.next()) {
      for (; any && erased.top().key() < put.top().key(); any = erased.next())
        visit(RowChange{erased.top().key(), true});
      visit(RowChange{put.top().key(), false});
    }
    for (; any; any = erased.next()) visit(RowChange{erased.top().key(), true});
  }

 private:
  struct Side {
    std::vector<EdgeRecord> edges = {};
    std::vector<Spool> runs = {};
  };
  void spill(Keep keep) {
    for (Side* side : {&put_, &erased_}) {
      if (side->edges.empty()) continue;
      sort_edges(side->edges);
      SpoolWriter run(scratch_, "edges", keep);
      run.append(side->edges.data(), side->edges.size() * sizeof(EdgeRecord));
      side->runs.push_back(run.finish());
      side->edges.clear();
    }
  }

  Scratch& scratch_;
  std::size_t memory_;
  Side put_, erased_;
};

}  // namespace weft::storage
