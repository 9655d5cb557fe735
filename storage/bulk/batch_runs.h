// From numbered batches of events to sorted runs: what the store's column families will hold, not yet merged.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/spool.h"
#include "base/thread_pool.h"
#include "storage/bulk/chunk.h"
#include "storage/bulk/numbering.h"
#include "storage/bulk/records.h"

namespace weft::storage {

// One run a batch in each list; empty ones are left out.
struct NodeRuns {
  // IdCursor, in order of dense ids; first-seen times as of the batch; no ids where events name the nodes.
  std::vector<Spool> made = {};
  std::vector<Spool> seen = {};  // SeenRecord: what later batches say of first-seen times, and all of nodes
                                 // that the store has
};
struct EdgeRuns {
  std::vector<Spool> outgoing = {}, incoming = {};  // EdgeRecord
  std::vector<Spool> attributes = {};               // AttributeRecord, of as_node fields' types instead
  std::vector<Spool> outgoing_deletions = {}, incoming_deletions = {};  // DeletionRecord
  std::uint64_t count = 0;                                              // of edges; not of attributes
};

class BatchRuns {
 public:
  BatchRuns(const StoreSchema& schema, Scratch& scratch, ThreadPool& pool);

  // `chunks` are numbered. Frees them as it goes. Throws Error past 2^32 - 2 edges of a type.
  void add(std::span<Chunk> chunks, const Numbering::Batch& batch, Keep keep);

  // All runs that are in memory.
  void move_to_disk();

  std::vector<NodeRuns>& nodes() { return nodes_; }       // [node type]
  std::vector<EdgeRuns>& edges() { return edges_; }       // [edge type]
  std::vector<Spool>& fields() { return fields_; }        // FieldCursor; of equal keys the last counts
  std::uint64_t deletions() const { return deletions_; }  // as apply() counts them

 private:
  struct Output;
  void write_nodes(std::span<const Chunk> chunks, std::vector<Output>& outputs, const Numbering::Batch& batch,
                   Keep keep);
  void write_fields(std::span<const Chunk> chunks, std::vector<Output>& outputs, Keep keep);
  void write_edges(std::vector<Output>& outputs, std::size_t type, bool incoming, Keep keep);
  void write_deletions(std::vector<Output>& outputs, std::size_t type, Keep keep);
  void write_attributes(std::vector<Output>& outputs, std::size_t type, Keep keep);

  const StoreSchema& schema_;
  Scratch& scratch_;
  ThreadPool& pool_;
  std::vector<NodeRuns> nodes_;
  std::vector<EdgeRuns> edges_;
  std::vector<Spool> fields_;
  std::uint64_t sequence_ = 0;  // events so far
  std::uint64_t deletions_ = 0;
};

}  // namespace weft::storage
