// One number that stands for all entries of the ledger and of the quarantine: the exclusive or of their
// hashes. It lies among the meta data and changes with each batch, so that entries which are lost behind
// valid checksums (a cut MANIFEST names fewer tables) are found: nothing else in the store depends on them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "storage/keys.h"
#include "storage/store_impl.h"

namespace weft::storage {

inline constexpr std::string_view kSealKey = "seal";  // in kMeta; stores made before it have none

std::uint64_t entry_seal(Family family, std::string_view key, std::string_view value);
std::uint64_t scan_seal(const GraphStore::Impl& store);                 // of what is there
std::optional<std::uint64_t> read_seal(const GraphStore::Impl& store);  // as it was kept; throws on damage
std::string encode_seal(std::uint64_t seal);

// The entries that one batch puts or removes; the last of a key counts.
class SealChange {
 public:
  void put(Family family, std::string_view key, std::string_view value) {
    changes_[{family, std::string(key)}] = std::string(value);
  }
  void erase(Family family, std::string_view key) { changes_[{family, std::string(key)}] = std::nullopt; }
  bool empty() const { return changes_.empty(); }
  // Before the batch is written.
  std::uint64_t seal_after(const GraphStore::Impl& store) const;

 private:
  std::map<std::pair<Family, std::string>, std::optional<std::string>> changes_;
};

}  // namespace weft::storage
