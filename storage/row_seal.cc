#include "storage/row_seal.h"

#include "base/hash.h"

namespace weft::storage {

std::uint64_t entry_seal(Family family, std::string_view key, std::string_view value) {
  Hasher64 hasher;
  hasher.update_field(key);
  hasher.update_field(value);
  return hash64(encode_seal(hasher.digest()), family);
}

std::uint64_t scan_seal(const GraphStore::Impl& store) {
  std::uint64_t seal = 0;
  for (const Family family : {kLedger, kQuarantine}) {
    PrefixScan scan(store, family, "");
    for (; scan.valid(); scan.next()) seal ^= entry_seal(family, scan.key(), scan.value());
    scan.check();
  }
  return seal;
}

std::optional<std::uint64_t> read_seal(const GraphStore::Impl& store) {
  const auto bytes = store.get(kMeta, kSealKey);
  if (!bytes) return std::nullopt;
  if (bytes->size() != sizeof(std::uint64_t)) store.damaged("the seal of the store's ledger is damaged");
  return get_little<std::uint64_t>(*bytes, 0);
}

std::string encode_seal(std::uint64_t seal) {
  std::string out;
  put_little(out, seal);
  return out;
}

std::uint64_t SealChange::seal_after(const GraphStore::Impl& store) const {
  const auto kept = read_seal(store);
  std::uint64_t seal = kept ? *kept : scan_seal(store);
  for (const auto& [entry, value] : changes_) {
    const auto& [family, key] = entry;
    if (const auto old = store.get(family, key)) seal ^= entry_seal(family, key, *old);
    if (value) seal ^= entry_seal(family, key, *value);
  }
  return seal;
}

}  // namespace weft::storage
