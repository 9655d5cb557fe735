#include "storage/bulk/row_entries.h"

#include <algorithm>
#include <string>

#include "storage/row_seal.h"

namespace weft::storage {

RowEntries::RowEntries(const GraphStore::Impl& store, Scratch& scratch)
    : store_(store), scratch_(scratch), holds_data_(!store.is_empty()) {
  if (!holds_data_) return;
  const auto kept = read_seal(store);
  seal_ = kept ? *kept : scan_seal(store);
}

TableFiles& RowEntries::rows_of(std::uint16_t source) {
  if (rows_ && holds_data_ && source != source_) end_rows();
  if (!rows_) rows_ = std::make_unique<TableFiles>(scratch_, store_, kQuarantine);
  source_ = source;
  return *rows_;
}

void RowEntries::end_rows() {
  if (!rows_) return;
  for (TableFile& file : rows_->finish()) quarantine_.push_back(std::move(file));
  rows_.reset();
}

// The store's entry goes out of the seal.
void RowEntries::replaces(Family family, std::string_view key) {
  if (!holds_data_) return;
  if (const auto old = store_.get(family, key)) seal_ ^= entry_seal(family, key, *old);
}

void RowEntries::quarantine(const QuarantinedRow& row) {
  const std::string key = quarantine_key(row.source, row.offset);
  const std::string value = encode_quarantine_value(row);
  rows_of(row.source).put(key, value);
  replaces(kQuarantine, key);
  seal_ ^= entry_seal(kQuarantine, key, value);
}

void RowEntries::release(std::uint16_t source, std::uint64_t offset) {
  const std::string key = quarantine_key(source, offset);
  if (!store_.get(kQuarantine, key)) return;
  rows_of(source).erase(key);
  replaces(kQuarantine, key);
}

RowEntries::Tables RowEntries::finish(std::vector<LedgerEntry> ledger) {
  end_rows();
  std::sort(ledger.begin(), ledger.end(),
            [](const LedgerEntry& a, const LedgerEntry& b) { return a.source < b.source; });
  TableFiles entries(scratch_, store_, kLedger);
  for (const LedgerEntry& entry : ledger) {
    const std::string key = ledger_key(entry.source);
    const std::string value = encode_ledger_value(entry);
    entries.put(key, value);
    replaces(kLedger, key);
    seal_ ^= entry_seal(kLedger, key, value);
  }
  return {.ledger = entries.finish(), .quarantine = std::move(quarantine_), .seal = seal_};
}

}  // namespace weft::storage
