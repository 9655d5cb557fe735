// Merges sorted runs.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <deque>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/spool.h"

namespace weft {

// A Cursor stands before its first record; advance() goes to the next one (false: none), and key() is what
// the record is sorted by. Records of equal keys come in the order of the cursors.
//
// A tree of losers (Knuth, The Art of Computer Programming, volume 3, 5.4.1): each inner node keeps the
// cursor that lost there, so that the next record costs one comparison a level.
template <typename Cursor>
class Merge {
 public:
  explicit Merge(std::deque<Cursor> cursors) : cursors_(std::move(cursors)), losers_(cursors_.size()) {
    for (Cursor& cursor : cursors_) players_.push_back({&cursor, cursor.advance()});
    if (players_.empty()) return;
    // Leaves lie behind the inner nodes, 1 to count - 1.
    const std::size_t count = players_.size();
    std::vector<std::size_t> winners(2 * count);
    for (std::size_t i = 0; i < count; ++i) winners[count + i] = i;
    for (std::size_t node = count - 1; node > 0; --node) {
      const std::size_t a = winners[2 * node], b = winners[2 * node + 1];
      const bool second = before(b, a);
      winners[node] = second ? b : a;
      losers_[node] = second ? a : b;
    }
    winner_ = count == 1 ? 0 : winners[1];
  }

  // False at the end.
  bool next() {
    if (players_.empty()) return false;
    if (started_ && players_[winner_].any) {
      players_[winner_].any = players_[winner_].cursor->advance();
      for (std::size_t node = (players_.size() + winner_) / 2; node > 0; node /= 2)
        if (before(losers_[node], winner_)) std::swap(losers_[node], winner_);
    }
    started_ = true;
    return players_[winner_].any;
  }
  const Cursor& top() const { return *players_[winner_].cursor; }

 private:
  struct Player {
    Cursor* cursor = nullptr;  // in cursors_, which never moves its elements, not even when it is moved
    bool any = false;          // it stands on a record
  };
  bool before(std::size_t a, std::size_t b) const {
    if (!players_[a].any || !players_[b].any) return players_[a].any;
    const auto& first = players_[a].cursor->key();
    const auto& second = players_[b].cursor->key();
    if constexpr (std::three_way_comparable<std::remove_cvref_t<decltype(first)>>) {
      const auto order = first <=> second;
      return order != 0 ? order < 0 : a < b;
    } else {
      return first < second || (!(second < first) && a < b);
    }
  }

  std::deque<Cursor> cursors_;
  std::vector<Player> players_;      // [cursor]
  std::vector<std::size_t> losers_;  // [inner node] cursors
  std::size_t winner_ = 0;
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
Merge<Cursor> merge_runs(std::span<const Spool> runs, Files& files, std::size_t memory) {
  std::deque<Cursor> cursors;
  const std::size_t buffer = std::min<std::size_t>(memory / (runs.size() + 1), std::size_t{1} << 18);
  for (const Spool& run : runs) cursors.emplace_back(run, files, buffer);
  return Merge<Cursor>(std::move(cursors));
}

}  // namespace weft
