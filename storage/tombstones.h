// Who a store was made to forget, without their names: keyed hashes of external ids, by which rows that name
// them again are left out. The key is drawn at random when a store first forgets, and lies in its meta data
// (docs/format.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "graph/ids.h"

namespace weft::storage {

using TombstoneKey = std::array<unsigned char, 16>;
using TombstoneHash = std::array<unsigned char, 16>;

// SipHash-2-4 with 128 bits (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012; its reference code).
TombstoneHash siphash128(const TombstoneKey& key, std::string_view bytes);

TombstoneKey random_tombstone_key();

class Tombstones {
 public:
  Tombstones() = default;
  explicit Tombstones(const TombstoneKey& key) : key_(key) {}

  bool empty() const { return hashes_.empty(); }
  std::size_t size() const { return hashes_.size(); }
  const std::optional<TombstoneKey>& key() const { return key_; }
  // Needs a key.
  TombstoneHash hash(graph::NodeTypeId type, std::string_view external_id) const;
  void add(const TombstoneHash& hash) { hashes_.insert(hash); }
  void remove(const TombstoneHash& hash) { hashes_.erase(hash); }
  bool contains(graph::NodeTypeId type, std::string_view external_id) const {
    return !hashes_.empty() && hashes_.contains(hash(type, external_id));
  }

 private:
  std::optional<TombstoneKey> key_ = {};
  std::set<TombstoneHash> hashes_ = {};
};

// Keys in kMeta. Of a tombstone: the prefix and the 16 bytes of its hash; the value is empty.
inline constexpr std::string_view kTombstoneKeyKey = "forget/key";
inline constexpr std::string_view kTombstonePrefix = "forgotten/";
std::string tombstone_key(const TombstoneHash& hash);
std::optional<TombstoneHash> decode_tombstone_key(std::string_view key);

}  // namespace weft::storage
