// Loads a project's sources into an empty store in bounded memory: read on all threads, numbered, sorted in
// runs, merged into table files, and taken into the store in one atomic step. What is stored is what
// GraphStore::apply would have stored, byte for byte in keys and values, whatever the threads and the memory.
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
  // Write the snapshot of what is loaded too, from the same merge: under the name and with the bytes that
  // export_snapshot would give it. It appears right after the store has taken in the load.
  bool snapshot = false;
};

// What a whole source came to.
struct BulkSource {
  SourceTally tally = {};
  std::uint64_t bytes = 0;  // read behind the header
  LedgerEntry ledger = {};
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

  // Sources in the project's order. Throws Error as RowReader does; RowTooLong (below) where nothing is read
  // yet that another way could not read again.
  BulkSource read(std::uint16_t source, const Position& header);
  // Kill points: bulk.before_tables, bulk.before_take_in, bulk.after_take_in, those of
  // graph/snapshot_builder.h.
  BulkResult finish(const std::vector<LedgerEntry>& ledger);

 private:
  BulkSource read_rows(std::uint16_t source, std::size_t chunk_bytes);
  struct State;
  std::unique_ptr<State> state_;
};

// A row that is longer than a row may be runs past what is read at once: the source must be read row by row.
struct RowTooLong {};

}  // namespace weft::storage
