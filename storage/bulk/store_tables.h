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
  std::vector<std::uint64_t> edge_counts = {};  // [edge type] of the store with the load
  std::vector<std::uint64_t> new_edges = {};  // [edge type] as apply() counts them: those replaced since too
  ConflictCounts conflicts = {};
  DeletionCounts deletions = {};  // of the store with the load
};

// Merges the runs, which it consumes. `memory` bytes are shared by the threads. If there is a `snapshot`, it
// gets all that goes into the tables; it is reset if weights add up to too much for one. Throws
// TakesEventNodes (storage/bulk/standing_edges.h).
StoreTables write_store_tables(const GraphStore::Impl& store, BatchRuns& runs, Scratch& scratch,
                               ThreadPool& pool, std::size_t memory, ProgressSink& progress,
                               std::unique_ptr<graph::SnapshotBuilder>& snapshot);

// One atomic change of the store: all tables, or after a crash or a failure none (an empty store that was
// left in between is begun anew by its next writer). Then the store has what the tables say.
void take_in_tables(GraphStore::Impl& store, const StoreTables& tables);

}  // namespace weft::storage
