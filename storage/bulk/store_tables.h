// The last step of a bulk load: sorted runs to table files, and all of them into the store at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "graph/snapshot_builder.h"
#include "storage/bulk/batch_runs.h"
#include "storage/bulk/table_files.h"

namespace weft::storage {

// What is in the table files, by column family.
struct StoreTables {
  std::vector<std::vector<TableFile>> files = std::vector<std::vector<TableFile>>(kFamilyCount);  // [family]
  std::vector<std::uint64_t> edge_counts = {};  // [edge type]
  std::vector<std::uint64_t> new_edges = {};  // [edge type] as apply() counts them: those replaced since too
  ConflictCounts conflicts = {};
  DeletionCounts deletions = {};
};

// Merges the runs, which it consumes. `memory` bytes are shared by the threads. If there is a `snapshot`, it
// gets all that goes into the tables; it is reset if weights add up to too much for one.
StoreTables write_store_tables(const GraphStore::Impl& store, BatchRuns& runs, Scratch& scratch,
                               ThreadPool& pool, std::size_t memory, ProgressSink& progress,
                               std::unique_ptr<graph::SnapshotBuilder>& snapshot);

// One atomic change of the store, which was empty: all tables, or after a crash none. Then the store has
// `state`.
void take_in_tables(GraphStore::Impl& store, const StoreTables& tables);

}  // namespace weft::storage
