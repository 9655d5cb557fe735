#include "sampling/relabel.h"

#include <vector>

namespace weft::sampling {

TreeRelabel::Beyond TreeRelabel::place_beyond(std::uint32_t tree, graph::NodeId node, std::uint32_t next) {
  overflow_.reserve(overflowed_ + 1);
  const std::uint32_t before = next;
  const std::uint32_t local = overflow_.placer().place(tree, node, next);
  overflowed_ += next - before;
  return {local, next - before};
}

void TreeRelabel::grow(std::size_t nodes) {
  const std::size_t wanted =
      std::min(kMostSlots, std::max({nodes * 4, 2 * slots_.size(), kLeastRegion * trees_}));
  WEFT_CHECK(nodes < kMostSlots);       // local ids of 31 bits
  if (slots_.size() >= wanted) return;  // as large as it gets: the rest goes beyond
  struct Placed {
    std::uint32_t tree;
    graph::NodeId node;
    std::uint32_t local;
  };
  std::vector<Placed> placed;
  const unsigned local_shift = 32 + local_bits_;
  for (std::size_t at = 0; at < region_ * trees_; ++at) {
    const std::uint64_t slot = slots_[at];
    if (slot >> local_shift != epoch_) continue;
    placed.push_back({static_cast<std::uint32_t>(at / region_), static_cast<graph::NodeId>(slot),
                      static_cast<std::uint32_t>(slot >> 32 & ((std::uint64_t{1} << local_bits_) - 1))});
  }
  overflow_.each([&](std::uint32_t tree, graph::NodeId node, std::uint32_t local) {
    placed.push_back({tree, node, local});
  });
  HugeVector<std::uint64_t>(wanted).swap(slots_);
  region_ = slots_.size() / trees_;
  local_bits_ = std::min(31U, static_cast<unsigned>(std::bit_width(wanted)));
  epoch_ = 1;
  overflow_.start();
  overflowed_ = 0;
  Placer again = placer();
  for (const Placed& one : placed) {
    std::uint32_t local = one.local;
    again.place(one.tree, one.node, local);
  }
}

}  // namespace weft::sampling
