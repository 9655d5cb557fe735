#include "sampling/excluded_events.h"

#include <algorithm>
#include <bit>

namespace weft::sampling {

void ExcludedEvents::start(std::span<const graph::EventId> events,
                           std::span<const std::uint32_t> tree_offsets) {
  events_ = events;
  tree_offsets_ = tree_offsets;
  if (events.empty()) return;
  const std::size_t bits = std::max<std::size_t>(64, std::bit_ceil(events.size() * 32));
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(bits));
  filter_.assign(bits / 64, 0);
  for (const graph::EventId event : events) {
    const std::uint64_t at = (event * 0x9E3779B97F4A7C15ull) >> shift_;
    filter_[at / 64] |= std::uint64_t{1} << (at % 64);
  }
}

bool ExcludedEvents::listed(std::uint32_t tree, graph::EventId event) const {
  const auto range = of(tree);
  return std::binary_search(range.begin(), range.end(), event);
}

}  // namespace weft::sampling
