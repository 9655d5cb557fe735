// Gives the nodes of a subgraph local ids in order of first appearance. Two ways with one interface: arrays
// stamped with the batch's number (one entry a node of the graph, nothing to clear between batches), and an
// open-addressing table keyed by (tree, node). Not thread-safe; one a thread.
#pragma once

#include <bit>
#include <cstdint>

#include "base/error.h"
#include "base/huge_pages.h"
#include "graph/ids.h"

namespace weft::sampling {

// 8 bytes a node. Trees are ignored.
class StampRelabel {
 public:
  static constexpr bool kTrees = false;
  // A new batch over node ids [0, nodes).
  void start(std::size_t nodes) {
    if (entries_.size() != nodes || epoch_ == 0xFFFFFFFFu) {
      entries_.assign(nodes, 0);
      epoch_ = 0;
    }
    ++epoch_;
  }
  void reserve(std::size_t) {}
  void prefetch(std::uint32_t /*tree*/, graph::NodeId node) const { __builtin_prefetch(&entries_[node], 1); }
  // Places nodes; a value that inner loops keep in registers. Valid until start().
  class Placer {
   public:
    // The local id of the node; a new one has `next`, which then moves on. Without branches: new or not is a
    // coin toss.
    std::uint32_t place(std::uint32_t /*tree*/, graph::NodeId node, std::uint32_t& next) {
      const std::uint64_t entry = entries_[node];
      const std::uint64_t is_new =
          (((entry ^ stamp_) >> 32) + 0xFFFFFFFFu) >> 32;  // arithmetic, lest it becomes a jump
      const std::uint64_t kept = (stamp_ | next) ^ (((stamp_ | next) ^ entry) & (is_new - 1));
      entries_[node] = kept;
      next += static_cast<std::uint32_t>(is_new);
      return static_cast<std::uint32_t>(kept);
    }

   private:
    friend class StampRelabel;
    Placer(std::uint64_t* entries, std::uint64_t stamp) : entries_(entries), stamp_(stamp) {}
    std::uint64_t* entries_;
    std::uint64_t stamp_;
  };
  Placer placer() { return {entries_.data(), std::uint64_t{epoch_} << 32}; }

 private:
  HugeVector<std::uint64_t> entries_;  // epoch << 32 | local id
  std::uint32_t epoch_ = 0;
};

// 16 bytes a slot, at most a quarter of the slots taken: most nodes sit where they are looked for first.
class HashRelabel {
  struct Slot {
    std::uint64_t key = 0;
    std::uint64_t stamp = 0;  // epoch << 32 | local id
  };
  static constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15ull;  // 2^64 / golden ratio

 public:
  static constexpr bool kTrees = true;
  void start(std::size_t /*nodes*/) {
    if (epoch_ == 0xFFFFFFFFu) {
      slots_.assign(slots_.size(), Slot{});
      epoch_ = 0;
    }
    ++epoch_;
  }
  // Room for `nodes` nodes in all. Call it before prefetch and placer.
  void reserve(std::size_t nodes) {
    const std::size_t wanted = std::bit_ceil(nodes * 4 + 16);
    if (wanted > slots_.size()) grow(wanted);
  }
  void prefetch(std::uint32_t tree, graph::NodeId node) const {
    __builtin_prefetch(&slots_[home(key(tree, node))], 1);
  }
  // As StampRelabel's. Valid until reserve() or start().
  class Placer {
   public:
    std::uint32_t place(std::uint32_t tree, graph::NodeId node, std::uint32_t& next) {
      const std::uint64_t wanted = key(tree, node);
      Slot* slot = &slots_[(wanted * kSpread) >> shift_];
      // New or known is a coin toss, so the one jump is on whether another node sits there.
      std::uint64_t is_new = slot->stamp < epoch_ ? 1 : 0;
      while (is_new < one_if_not_zero(slot->key ^ wanted)) {
        slot = slot + 1 == end_ ? slots_ : slot + 1;
        is_new = slot->stamp < epoch_ ? 1 : 0;
      }
      const std::uint64_t fresh = epoch_ | next;
      const std::uint64_t kept = fresh ^ ((fresh ^ slot->stamp) & (is_new - 1));
      slot->key = wanted;
      slot->stamp = kept;
      next += static_cast<std::uint32_t>(is_new);
      return static_cast<std::uint32_t>(kept);
    }

   private:
    friend class HashRelabel;
    static std::uint64_t one_if_not_zero(std::uint64_t value) { return (value | (0 - value)) >> 63; }
    explicit Placer(HashRelabel& owner)
        : slots_(owner.slots_.data()),
          end_(owner.slots_.data() + owner.slots_.size()),
          epoch_(std::uint64_t{owner.epoch_} << 32),
          shift_(owner.shift_) {}
    Slot* slots_;
    const Slot* end_;
    std::uint64_t epoch_;
    unsigned shift_;
  };
  Placer placer() { return Placer(*this); }

 private:
  static std::uint64_t key(std::uint32_t tree, graph::NodeId node) {
    return std::uint64_t{tree} << 32 | node;
  }
  std::size_t home(std::uint64_t key) const { return (key * kSpread) >> shift_; }
  void grow(std::size_t size) {
    HugeVector<Slot> old(size);
    old.swap(slots_);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(size));
    for (const Slot& slot : old) {
      if (slot.stamp >> 32 != epoch_) continue;
      std::size_t at = home(slot.key);
      while (slots_[at].stamp >> 32 == epoch_) at = (at + 1) & (size - 1);
      slots_[at] = slot;
    }
  }

  HugeVector<Slot> slots_;
  unsigned shift_ = 63;
  std::uint32_t epoch_ = 0;
};

}  // namespace weft::sampling
