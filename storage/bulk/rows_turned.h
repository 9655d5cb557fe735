// Turns each row of a stream of edges round, in bounded memory: the store has a row's newest edges first, a
// snapshot its oldest.
#pragma once

#include <algorithm>
#include <vector>

#include "base/spool.h"
#include "graph/edge_writer.h"

namespace weft::storage {

class RowsTurned {
 public:
  // Parts of rows that do not fit `memory` bytes wait on disk.
  RowsTurned(Scratch& scratch, std::size_t memory)
      : scratch_(scratch), capacity_(std::max<std::size_t>(memory / sizeof(graph::StreamedEdge), 16)) {}

  // take(edge) is called for the edges of rows that have ended.
  template <typename Take>
  void put(const graph::StreamedEdge& edge, Take&& take) {
    if (!row_.empty() && row_.front().from != edge.from) end_row(take);
    if (row_.size() == capacity_) {
      SpoolWriter part(scratch_, "row", Keep::kOnDisk);
      part.append(row_.data(), row_.size() * sizeof(graph::StreamedEdge));
      parts_.push_back(part.finish());
      row_.clear();
    }
    row_.push_back(edge);
  }
  template <typename Take>
  void finish(Take&& take) {
    end_row(take);
  }

 private:
  template <typename Take>
  void end_row(Take&& take) {
    std::for_each(row_.rbegin(), row_.rend(), take);
    for (; !parts_.empty(); parts_.pop_back()) {
      row_.resize(capacity_);
      SpoolReader reader(parts_.back(), scratch_.files(), capacity_ * sizeof(graph::StreamedEdge));
      for (graph::StreamedEdge& edge : row_) reader.get(edge);
      std::for_each(row_.rbegin(), row_.rend(), take);
    }
    row_.clear();
  }

  Scratch& scratch_;
  std::size_t capacity_;
  std::vector<graph::StreamedEdge> row_;
  std::vector<Spool> parts_;  // of the row at hand, newest first
};

}  // namespace weft::storage
