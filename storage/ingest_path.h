// Which of its two paths an ingest takes.
//
// In bulk: files alone; much that is new; no deletions that count in the order in which they come, neither
// the project's (Project::deletes_in_order) nor the store's. Into a store that holds data either if the size
// is 0 or if the way in bulk is the shorter one: the load reads the store's dictionary, and it ends the log
// of changes, so that the next snapshot is a whole one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "storage/ingest.h"

namespace weft::storage {

struct IngestPath {
  bool bulk = false;
  std::string reason = {};  // for people: "41 MiB are new"
};

// `entries`: [project source] what the ledger has of it.
IngestPath choose_path(const Project& project, const GraphStore& store,
                       const std::vector<std::optional<LedgerEntry>>& entries, const IngestOptions& options,
                       Files& files);

// Of a file as it is, behind what the ledger has of it. Where an offset in the ledger is not one of the file,
// as in compressed text, nothing tells what is new before it is read: none then, if any of it was read
// before.
std::uint64_t new_bytes_of(const SourceFile& source, const LedgerEntry& before, Files& files);

}  // namespace weft::storage
