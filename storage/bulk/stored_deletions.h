// A store's deletions of one edge type as runs of DeletionRecord, beside the merge of a bulk load into it.
#pragma once

#include <vector>

#include "base/spool.h"
#include "storage/bulk/records.h"
#include "storage/store_impl.h"

namespace weft::storage {

// As seen from the rows of the family `outgoing` or `incoming`; sorted in pieces of `memory` bytes. Throws
// Error on damage.
std::vector<Spool> stored_deletions(const GraphStore::Impl& store, graph::EdgeTypeId type, Family family,
                                    Scratch& scratch, std::size_t memory);

}  // namespace weft::storage
