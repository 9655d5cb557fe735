// Checks a store against itself: RocksDB's own checksums, then every invariant that the format promises.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "storage/graph_store.h"

namespace weft::storage {

struct VerifyReport {
  // What exactly is broken, one line each; the first 100, then a last line with how many more.
  std::vector<std::string> problems = {};
  std::uint64_t problem_count = 0;
  std::uint64_t nodes = 0, edges = 0, fields = 0, ledger_entries = 0, quarantined = 0;  // looked at
  bool ok() const { return problem_count == 0; }
};

// Reads everything; changes nothing. Invariants: external id -> dense id -> external id; dense ids without
// gaps and as many as counted; every edge in both directions with the same value, its ends within their
// types, timed exactly if its type is; edge counts; fields of existing nodes, decodable and of their kind;
// ledger entries with distinct names and positions without gaps; quarantine entries of known sources. Works
// on writers and on readers. A reader follows its writer where that has gone on meanwhile, so it is left at a
// later state; nothing is reported of a sound store, however busy its writer.
VerifyReport verify_store(const GraphStore& store, ProgressSink& progress = no_progress());

}  // namespace weft::storage
