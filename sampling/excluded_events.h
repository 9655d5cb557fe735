// The events that a batch's samplers must not see. Internal to sampling/.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/ids.h"

namespace weft::sampling {

// The excluded events of a batch, behind a filter that answers nearly all questions from one cached word.
class ExcludedEvents {
 public:
  void start(std::span<const graph::EventId> events, std::span<const std::uint32_t> tree_offsets);
  bool any() const { return !events_.empty(); }
  bool contains(std::uint32_t tree, graph::EventId event) const {
    const std::uint64_t at = (event * 0x9E3779B97F4A7C15ull) >> shift_;
    return (filter_[at / 64] >> (at % 64) & 1) != 0 && listed(tree, event);
  }
  // All that one tree must not see, sorted.
  std::span<const graph::EventId> of(std::uint32_t tree) const {
    return tree_offsets_.empty()
               ? events_
               : events_.subspan(tree_offsets_[tree], tree_offsets_[tree + 1] - tree_offsets_[tree]);
  }

 private:
  bool listed(std::uint32_t tree, graph::EventId event) const;

  std::span<const graph::EventId> events_ = {};
  std::span<const std::uint32_t> tree_offsets_ = {};
  std::vector<std::uint64_t> filter_ = {};
  unsigned shift_ = 63;
};

}  // namespace weft::sampling
