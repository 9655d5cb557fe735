// The last merge of an edge type that deletions touch, in one direction: which edges of a bulk load stand,
// and which edges of the store go, by the deletions of both. Of timed types: there the outcome does not
// depend on the order in which edges and deletions came.
#pragma once

#include <cstdint>
#include <vector>

#include "base/spool.h"
#include "storage/bulk/row_deletions.h"
#include "storage/bulk/snapshot_beside.h"
#include "storage/bulk/stored_rows.h"
#include "storage/bulk/table_files.h"

namespace weft::storage {

// A store's edge goes whose row made a node of its own, which loses its edges with it: the sources must be
// read in batches.
struct TakesEventNodes {};

class StandingEdges {
 public:
  // `family`: kOutgoing, which tells what is kept of deletions as well, or kIncoming.
  StandingEdges(const GraphStore::Impl& store, graph::EdgeTypeId type, Family family, Scratch& scratch);

  // Sorted runs of EdgeRecord and DeletionRecord, of the load and of the store, as seen from the family's
  // rows. `memory` bytes of buffers. Throws TakesEventNodes, of outgoing edges.
  void merge(const std::vector<Spool>& edges, const std::vector<Spool>& deletions,
             const std::vector<Spool>& stored, std::size_t memory, EdgesBeside& snapshot);

  // Of outgoing edges: entries for deletions that are new; edges of both that went.
  std::uint64_t new_deletions() const { return new_deletions_; }
  std::uint64_t gone() const { return gone_; }
  // All that was written.
  TableFiles* tables() { return tables_; }
  static constexpr std::size_t kTables = 4;

 private:
  enum Table : std::size_t { kEdges, kUpTo, kAt, kDeleted };

  void take(const DeletionRecord& record);
  void end_row();
  void erase_before(const EdgeRecord* edge);
  void keep_in_mind(const EdgeKey& outgoing);

  const GraphStore::Impl& store_;
  graph::EdgeTypeId type_;
  bool outgoing_;
  Scratch& scratch_;
  StoredRows stored_rows_;
  TableFiles tables_[kTables];
  RowDeletions* stored_ = nullptr;   // the store's deletions, while merge() runs
  std::vector<DeletionRecord> row_;  // the load's deletions of one row
  std::vector<EdgeRecord> erased_;   // of the store, in the order of keys: not written yet
  std::size_t next_erased_ = 0;
  std::uint64_t new_deletions_ = 0, gone_ = 0;
};

}  // namespace weft::storage
