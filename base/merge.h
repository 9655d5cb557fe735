// Merges sorted runs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "base/spool.h"

namespace weft {

// A Cursor stands before its first record; advance() goes to the next one (false: none), and key() is what
// the record is sorted by. Records of equal keys come in the order of the cursors.
template <typename Cursor>
class Merge {
 public:
  explicit Merge(std::deque<Cursor> cursors) : cursors_(std::move(cursors)) {
    std::size_t order = 0;
    for (Cursor& cursor : cursors_) {
      if (cursor.advance()) heap_.push_back({&cursor, order});
      ++order;
    }
    std::make_heap(heap_.begin(), heap_.end(), [](const At& a, const At& b) { return before(b, a); });
  }

  // False at the end.
  bool next() {
    if (started_ && !heap_.empty()) {
      if (!heap_[0].cursor->advance()) {
        heap_[0] = heap_.back();
        heap_.pop_back();
      }
      sink();
    }
    started_ = true;
    return !heap_.empty();
  }
  const Cursor& top() const { return *heap_[0].cursor; }

 private:
  struct At {
    Cursor* cursor = nullptr;  // in cursors_, which never moves its elements, not even when it is moved
    std::size_t order = 0;
  };
  static bool before(const At& a, const At& b) {
    if (a.cursor->key() < b.cursor->key()) return true;
    if (b.cursor->key() < a.cursor->key()) return false;
    return a.order < b.order;
  }

  void sink() {
    std::size_t at = 0;
    while (true) {
      std::size_t least = 2 * at + 1;
      if (least >= heap_.size()) return;
      if (least + 1 < heap_.size() && before(heap_[least + 1], heap_[least])) ++least;
      if (!before(heap_[least], heap_[at])) return;
      std::swap(heap_[least], heap_[at]);
      at = least;
    }
  }

  std::deque<Cursor> cursors_;
  std::vector<At> heap_;
  bool started_ = false;
};

// Over records of one size, which are their own keys.
template <typename Record>
class RecordCursor {
 public:
  RecordCursor(const Spool& spool, Files& files, std::size_t buffer_bytes)
      : reader_(spool, files, buffer_bytes) {}
  bool advance() { return reader_.get(record_); }
  const Record& key() const { return record_; }

 private:
  SpoolReader reader_;
  Record record_ = {};
};

// Cursors over all runs, sharing `memory` bytes of buffers.
template <typename Cursor>
Merge<Cursor> merge_runs(const std::vector<Spool>& runs, Files& files, std::size_t memory) {
  std::deque<Cursor> cursors;
  const std::size_t buffer = std::min<std::size_t>(memory / (runs.size() + 1), std::size_t{1} << 18);
  for (const Spool& run : runs) cursors.emplace_back(run, files, buffer);
  return Merge<Cursor>(std::move(cursors));
}

}  // namespace weft
