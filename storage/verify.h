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

// Does not change what is found; changes memory.
struct VerifyOptions {
  // So many nodes of a type are held in memory at a time, 25 bytes each; with more, their dictionary is read
  // once or twice for each such part.
  std::uint32_t part_nodes = std::uint32_t{1} << 24;
};

// Reads everything; changes nothing. Invariants:
// - dictionary: external id -> dense id -> external id; dense ids without gaps and as many as counted; nodes
//   of types without ids carry the event that made them, whose digits are their id; none is first seen after
//   one of its edges; none has a tombstone;
// - edges: in both directions with the same value, both of a symmetric pair, ends within their types, timed
//   exactly if the type is, weights in range (1 in types without), from sources that the ledger has; as many
//   as counted;
// - fields of nodes that are there, decodable and of their kind;
// - ledger entries with distinct names, positions without gaps, figures that fit; quarantine entries of known
//   sources;
// - the log of changes: without gaps up to the store's state, as many as counted, of what is there.
// Edges stream by: memory does not grow with them. Works on writers and on readers. A reader follows its
// writer where that has gone on meanwhile, so it is left at a later state; nothing is reported of a sound
// store, however busy its writer.
VerifyReport verify_store(const GraphStore& store, ProgressSink& progress = no_progress(),
                          const VerifyOptions& options = {});

}  // namespace weft::storage
