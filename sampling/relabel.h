// Gives the nodes of a subgraph local ids in order of first appearance. Ways with one interface: arrays
// stamped with the batch's number (one entry a node of the graph, nothing to clear between batches), and
// open-addressing tables keyed by (tree, node). Not thread-safe; one a thread.
#pragma once

#include <algorithm>
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

// One table for all trees. 16 bytes a slot, at most a quarter of the slots taken: most nodes sit where they
// are looked for first.
class HashRelabel {
  struct Slot {
    std::uint64_t key = 0;
    std::uint64_t stamp = 0;  // epoch << 32 | local id
  };
  static constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15ull;  // 2^64 / golden ratio

 public:
  void start() {
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

  // visit(tree, node, local id) for all that were placed since start().
  template <typename Visit>
  void each(const Visit& visit) const {
    for (const Slot& slot : slots_) {
      if (slot.stamp >> 32 != epoch_) continue;
      visit(static_cast<std::uint32_t>(slot.key >> 32), static_cast<graph::NodeId>(slot.key),
            static_cast<std::uint32_t>(slot.stamp));
    }
  }

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

// A region of the table for each tree, all of one size: rows come tree by tree, so what is looked up in turn
// lies close together. 8 bytes a slot, at most a quarter of them taken; the few nodes that find a run of
// kProbes slots taken (in trees far larger than the others) go to a table of all trees.
class TreeRelabel {
 public:
  static constexpr bool kTrees = true;
  // A new batch of so many trees, numbered from 0.
  void start(std::size_t trees) {
    trees_ = std::max<std::size_t>(trees, 1);
    overflow_.start();
    overflowed_ = 0;
    region_ = slots_.size() / trees_;
    if (epoch_ + 1 >= std::uint64_t{1} << (32 - local_bits_)) {
      std::fill(slots_.begin(), slots_.end(), 0);
      epoch_ = 0;
    }
    ++epoch_;
  }
  // Room for `nodes` nodes in all. Call it before prefetch and placer.
  void reserve(std::size_t nodes) {
    if (nodes * 4 > region_ * trees_ || region_ < kLeastRegion) grow(nodes);
  }
  void prefetch(std::uint32_t tree, graph::NodeId node) const {
    __builtin_prefetch(slots_.data() + tree * region_ + home(node, region_), 1);
  }
  // As StampRelabel's. Valid until reserve() or start().
  class Placer {
   public:
    std::uint32_t place(std::uint32_t tree, graph::NodeId node, std::uint32_t& next) {
      std::uint64_t* const slots = slots_ + tree * region_;
      std::size_t at = home(node, region_);
      for (std::uint32_t probe = 0; probe < kProbes; ++probe) {
        const std::uint64_t other = slots[at] ^ tag_;
        const bool is_new = other >> local_shift_ != 0;
        // New or known is a coin toss, so the one jump is on whether another node sits there.
        if (is_new | (static_cast<std::uint32_t>(other) == node)) {
          const std::uint64_t local = is_new ? next : other >> 32;
          slots[at] = tag_ | local << 32 | node;
          next += is_new ? 1 : 0;
          return static_cast<std::uint32_t>(local);
        }
        at = at + 1 == region_ ? 0 : at + 1;
      }
      const Beyond beyond = owner_->place_beyond(tree, node, next);
      next += beyond.is_new;
      return beyond.local;
    }

   private:
    friend class TreeRelabel;
    explicit Placer(TreeRelabel& owner)
        : owner_(&owner),
          slots_(owner.slots_.data()),
          region_(owner.region_),
          tag_(owner.epoch_ << (32 + owner.local_bits_)),
          local_shift_(32 + owner.local_bits_) {}
    TreeRelabel* owner_;
    std::uint64_t* slots_;
    std::size_t region_;
    std::uint64_t tag_;
    unsigned local_shift_;
  };
  Placer placer() { return Placer(*this); }

 private:
  static constexpr std::uint32_t kProbes = 16;
  static constexpr std::size_t kLeastRegion = kProbes;
  static constexpr std::size_t kMostSlots = std::size_t{1} << 31;

  static std::size_t home(graph::NodeId node, std::size_t region) {
    return std::uint64_t{node * 0x9E3779B9u} * region >> 32;
  }
  // By value: a counter whose address is known elsewhere would live in memory.
  struct Beyond {
    std::uint32_t local;
    std::uint32_t is_new;
  };
  Beyond place_beyond(std::uint32_t tree, graph::NodeId node, std::uint32_t next);
  void grow(std::size_t nodes);

  // Epoch, local id (local_bits_), node (32); what another epoch wrote is empty.
  HugeVector<std::uint64_t> slots_;
  std::size_t trees_ = 1;
  std::size_t region_ = 0;  // slots of a tree
  std::uint64_t epoch_ = 0;
  unsigned local_bits_ = 31;
  HashRelabel overflow_;
  std::size_t overflowed_ = 0;
};

}  // namespace weft::sampling
