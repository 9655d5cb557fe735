// External id -> dense id in memory, bounded: the part of the dictionary that ingest works on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "storage/keys.h"

namespace weft::storage {

// Two generations of half the bound each: when the young one is full it becomes the old one, and what is
// asked for again moves back. Entries are dropped in roll() only, which a writer calls between batches: what
// a batch put in is there until it is written. Not thread-safe. Pointers are valid until the next put(),
// find() or roll().
class DictionaryCache {
 public:
  // `nodes`: [node type] of the store, as many entries as may be asked for. Their tables have room from the
  // start, so that no batch waits while one grows.
  DictionaryCache(const std::vector<std::uint32_t>& nodes, std::size_t max_entries)
      : bound_(max_entries / 2 + 1), nodes_(nodes), young_(nodes.size()), old_(nodes.size()) {
    reserve();
  }

  // Null if it is not in the cache.
  IdValue* find(graph::NodeTypeId type, std::string_view external_id) {
    if (const auto found = young_[type].find(external_id); found != young_[type].end()) return &found->second;
    if (old_entries_ == 0) return nullptr;
    const auto found = old_[type].find(external_id);
    if (found == old_[type].end()) return nullptr;
    const IdValue value = found->second;
    return put(type, external_id, value);
  }

  // Adds or replaces.
  IdValue* put(graph::NodeTypeId type, std::string_view external_id, const IdValue& value) {
    const auto [at, added] = young_[type].insert_or_assign(std::string(external_id), value);
    young_entries_ += added ? 1 : 0;
    return &at->second;
  }

  void roll() {
    if (young_entries_ < bound_) return;
    dropped_ = dropped_ || old_entries_ > 0;
    std::swap(old_, young_);
    for (Map& map : young_) map.clear();
    reserve();
    old_entries_ = young_entries_;
    young_entries_ = 0;
  }

  // Something was put in and is no longer there.
  bool dropped() const { return dropped_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return hash64(text); }
    std::size_t operator()(const std::string& text) const { return hash64(text); }
  };
  using Map = std::unordered_map<std::string, IdValue, Hash, std::equal_to<>>;

  // Keeps the buckets that a cleared table has.
  void reserve() {
    for (std::size_t type = 0; type < nodes_.size(); ++type)
      young_[type].reserve(std::min<std::size_t>(nodes_[type], bound_));
  }

  std::size_t bound_;
  std::vector<std::uint32_t> nodes_;  // [node type]
  std::vector<Map> young_, old_;      // [node type]
  std::size_t young_entries_ = 0, old_entries_ = 0;
  bool dropped_ = false;
};

}  // namespace weft::storage
