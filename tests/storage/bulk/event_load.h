// A bulk load of events: the steps of BulkLoad behind the reading of rows, each for tests to look at.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "storage/bulk/batch_runs.h"
#include "storage/bulk/numbering.h"
#include "storage/bulk/store_tables.h"
#include "storage/bulk/stored_side.h"
#include "tests/storage/bulk/event_chunks.h"

namespace weft::storage {

inline constexpr std::size_t kEventsInChunk = 20;

// A chunk's events are of one source: those of `events` that will come to lie in one are given the same.
inline std::vector<graph::Event> in_sources(std::vector<graph::Event> events) {
  for (std::size_t i = 0; i < events.size(); ++i)
    events[i].source = static_cast<std::uint16_t>(i / kEventsInChunk % 3);
  return events;
}

inline std::vector<Chunk> chunks_of(const StoreSchema& schema, std::span<const graph::Event> events) {
  std::vector<Chunk> chunks;
  for (std::size_t at = 0; at < events.size(); at += kEventsInChunk)
    chunks.push_back(chunk_of(schema, events.subspan(at, std::min(kEventsInChunk, events.size() - at))));
  return chunks;
}

struct EventLoad {
  // Into the store, which must outlive it, as it is now. Little memory: everything lies in many runs.
  EventLoad(GraphStore& into, const std::filesystem::path& temporary, std::size_t bytes, std::size_t threads)
      : store(into),
        memory(bytes),
        scratch(temporary, real_files()),
        pool(threads),
        stored(into.impl().is_empty() ? nullptr
                                      : std::make_unique<StoredSide>(into.impl(), scratch, pool, bytes)),
        numbering(scratch, pool, into.impl().state.node_counts, stored ? &stored->names() : nullptr, bytes),
        runs(into.schema(), scratch, pool) {}

  // In batches of so many chunks; the last is held in memory.
  void add(std::span<const graph::Event> all, std::size_t batch_chunks) {
    const std::size_t step = batch_chunks * kEventsInChunk;
    for (std::size_t at = 0; at < all.size(); at += step) {
      const Keep keep = at + step < all.size() ? Keep::kOnDisk : Keep::kInMemory;
      std::vector<Chunk> chunks = chunks_of(store.schema(), all.subspan(at, std::min(step, all.size() - at)));
      duplicates += numbering.drop_repeats(chunks, keep);
      if (stored) duplicates += stored->events().drop(chunks);
      const Numbering::Batch batch = numbering.number(chunks, store.schema().graph.node_types(), keep);
      runs.add(chunks, batch, keep);
    }
    events += all.size();
  }

  // Once. What the store has to know of the load beside these tables is among them.
  StoreTables tables() {
    std::unique_ptr<graph::SnapshotBuilder> no_snapshot;
    StoreTables out =
        write_store_tables(store.impl(), runs, scratch, pool, memory, no_progress(), no_snapshot);
    TableFiles meta(scratch, store.impl(), kMeta);
    if (out.deletions.any()) meta.put(kDeletionCountsKey, encode_deletion_counts(out.deletions));
    meta.put("state", encode_state({.sequence = store.info().sequence + events,
                                    .node_counts = numbering.node_counts(),
                                    .edge_counts = out.edge_counts}));
    for (TableFile& file : meta.finish()) out.files[kMeta].push_back(std::move(file));
    return out;
  }

  GraphStore& store;
  std::size_t memory;
  Scratch scratch;
  ThreadPool pool;
  std::unique_ptr<StoredSide> stored;  // null: the store is empty
  Numbering numbering;
  BatchRuns runs;
  std::uint64_t duplicates = 0, events = 0;
};

}  // namespace weft::storage
