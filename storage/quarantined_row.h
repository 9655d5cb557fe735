// A bad row as the quarantine keeps it. What it says is left out where it names, or may name, something that
// the store was made to forget.
#pragma once

#include <cstdint>

#include "storage/graph_store.h"
#include "storage/row_mapper.h"
#include "storage/sources/row_reader.h"
#include "storage/tombstones.h"

namespace weft::storage {

// `row` was handed out by a reader last, `source` is its number in the ledger. `mapper` is the one of its
// source: it sees which ids a row has that could be cut into columns.
QuarantinedRow quarantined_row(const Row& row, std::uint16_t source, RowMapper& mapper,
                               const Tombstones& forgotten);

}  // namespace weft::storage
