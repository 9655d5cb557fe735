// Gives the nodes of a subgraph local ids in order of first appearance. Two ways with one interface: arrays
// stamped with the batch's number (one entry a node of the graph, nothing to clear between batches), and an
// open-addressing table keyed by (tree, node). Not thread-safe; one a thread.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "base/error.h"
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
      const std::uint64_t fresh = stamp_ | next;
      const bool known = (entry ^ stamp_) >> 32 == 0;
      const std::uint64_t kept = known ? entry : fresh;
      entries_[node] = kept;
      next += known ? 0 : 1;
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
  std::vector<std::uint64_t> entries_;  // epoch << 32 | local id
  std::uint32_t epoch_ = 0;
};

// 16 bytes a slot, at most half of the slots taken.
class HashRelabel {
 public:
  static constexpr bool kTrees = true;

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t epoch = 0;
    std::uint32_t local = 0;
  };
  static constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15ull;  // 2^64 / golden ratio

 public:
  void start(std::size_t /*nodes*/) {
    if (epoch_ == 0xFFFFFFFFu) {
      slots_.assign(slots_.size(), Slot{});
      epoch_ = 0;
    }
    ++epoch_;
    used_ = 0;
  }
  // Room for `more` further nodes. Call it before prefetch and placer.
  void reserve(std::size_t more) {
    const std::size_t wanted = std::bit_ceil((used_ + more) * 2 + 16);
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
      for (std::size_t at = (wanted * kSpread) >> shift_;; at = (at + 1) & mask_) {
        Slot& slot = slots_[at];
        if (slot.epoch != epoch_) {
          slot = {wanted, epoch_, next};
          ++*used_;
          return next++;
        }
        if (slot.key == wanted) return slot.local;
      }
    }

   private:
    friend class HashRelabel;
    explicit Placer(HashRelabel& owner)
        : slots_(owner.slots_.data()),
          mask_(owner.slots_.size() - 1),
          shift_(owner.shift_),
          epoch_(owner.epoch_),
          used_(&owner.used_) {}
    Slot* slots_;
    std::size_t mask_;
    unsigned shift_;
    std::uint32_t epoch_;
    std::size_t* used_;
  };
  Placer placer() { return Placer(*this); }

 private:
  static std::uint64_t key(std::uint32_t tree, graph::NodeId node) {
    return std::uint64_t{tree} << 32 | node;
  }
  std::size_t home(std::uint64_t key) const { return (key * kSpread) >> shift_; }
  void grow(std::size_t size) {
    std::vector<Slot> old(size);
    old.swap(slots_);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(size));
    for (const Slot& slot : old) {
      if (slot.epoch != epoch_) continue;
      std::size_t at = home(slot.key);
      while (slots_[at].epoch == epoch_) at = (at + 1) & (size - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  unsigned shift_ = 63;
  std::uint32_t epoch_ = 0;
  std::size_t used_ = 0;
};

}  // namespace weft::sampling
