// Loads a project's sources into a store in bounded memory: read on all threads, numbered, sorted in runs,
// merged into table files, and taken into the store in one atomic step. What is stored is what
// GraphStore::apply would have stored, byte for byte in keys and values, whatever the threads and the memory.
// Only a store's log of changes differs: a load ends it (storage/change_log.h).
//
// No deletion, the store's or the project's, may count in the order in which it came (storage/ingest_path.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/files.h"
#include "base/progress.h"
#include "storage/graph_store.h"
#include "storage/ingest_tally.h"
#include "storage/project.h"

namespace weft::storage {

struct BulkOptions {
  std::size_t memory = std::size_t{1} << 30;  // bytes, all buffers together
  std::size_t threads = 0;                    // 0: one a core
  // Into an empty store: write the snapshot of what is loaded too, from the same merge, under the name and
  // with the bytes that export_snapshot would give it. It appears right after the store has taken in the
  // load.
  bool snapshot = false;
};

// What a whole source came to.
struct BulkSource {
  SourceTally tally = {};
  std::uint64_t bytes = 0;                        // read behind the header
  LedgerEntry ledger = {};                        // as it is now; name and fingerprint are the caller's
  std::vector<std::size_t> missing_columns = {};  // as of RowReader, over all rows
  std::vector<std::string> known_columns = {};
};

struct BulkResult {
  ApplyResult applied = {};
  std::uint64_t spilled_runs = 0;
  std::uint64_t temporary_bytes = 0;  // on disk at most, table files included
};

class BulkLoad {
 public:
  // `temporary` is emptied now and removed at the end.
  BulkLoad(const Project& project, GraphStore& store, const std::filesystem::path& temporary,
           const BulkOptions& options, ProgressSink& progress, Files& files);
  ~BulkLoad();

  // Sources in the project's order, each behind what the store has of it: `before`, which has its position in
  // the ledger at the least. Throws Error as RowReader does; NeedsBatches (below), with nothing changed.
  BulkSource read(std::uint16_t source, const Position& header, const LedgerEntry& before);
  // `ledger`: entries that are new or have changed. Kill points: bulk.before_tables, bulk.before_take_in,
  // bulk.after_take_in, those of graph/snapshot_builder.h. Throws NeedsBatches, with nothing changed.
  BulkResult finish(const std::vector<LedgerEntry>& ledger);

 private:
  BulkSource read_rows(std::uint16_t source, const LedgerEntry& before, std::size_t chunk_bytes);
  BulkResult merge(const std::vector<LedgerEntry>& ledger);
  struct State;
  std::unique_ptr<State> state_;
};

// The sources must be read row by row, and written in batches: a row runs past what is read at once; or a
// deletion takes an edge of the store whose row made a node of its own.
struct NeedsBatches {
  const char* reason = "";
};

}  // namespace weft::storage
