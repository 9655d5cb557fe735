// The ledger and the quarantine as a bulk load leaves them, and their seal (storage/row_seal.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/spool.h"
#include "storage/bulk/table_files.h"

namespace weft::storage {

class RowEntries {
 public:
  RowEntries(const GraphStore::Impl& store, Scratch& scratch);

  // One source after the other, the rows of each in order.
  void quarantine(const QuarantinedRow& row);
  // A row that an earlier run found cut short is whole now. Before those of its source that follow it.
  void release(std::uint16_t source, std::uint64_t offset);

  // Once, at the end. `ledger`: entries that are new or have changed.
  struct Tables {
    std::vector<TableFile> ledger = {}, quarantine = {};
    std::uint64_t seal = 0;  // of all that the store has then
  };
  Tables finish(std::vector<LedgerEntry> ledger);

 private:
  TableFiles& rows_of(std::uint16_t source);
  void end_rows();
  void replaces(Family family, std::string_view key);

  const GraphStore::Impl& store_;
  Scratch& scratch_;
  bool holds_data_;
  std::uint64_t seal_ = 0;
  // Of a store that holds data: of one source, as those of the project need not have ascending positions.
  std::unique_ptr<TableFiles> rows_;
  std::uint16_t source_ = 0;
  std::vector<TableFile> quarantine_;
};

}  // namespace weft::storage
