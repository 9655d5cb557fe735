#include "storage/bulk/bulk_load.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/error.h"
#include "storage/bulk/batch_runs.h"
#include "storage/bulk/chunk.h"
#include "storage/bulk/numbering.h"
#include "storage/bulk/row_entries.h"
#include "storage/bulk/source_text.h"
#include "storage/bulk/standing_edges.h"
#include "storage/bulk/store_tables.h"
#include "storage/bulk/stored_side.h"
#include "storage/row_seal.h"
#include "storage/snapshot_export.h"

namespace weft::storage {
namespace {

// Of the whole memory: text that is read at once, chunks that wait while those before them are sorted (which
// takes twice their size again), sorted runs that need not go to disk, buffers and dictionaries of the last
// merge, edges of the snapshot beside it.
constexpr std::size_t kTextShare = 24, kChunksShare = 10, kRunsShare = 16, kMergeShare = 3,
                      kSnapshotShare = 4;
// More at once would only leave threads waiting at both ends.
constexpr std::size_t kMaxTextBytes = std::size_t{24} << 20, kMaxChunksBytes = std::size_t{96} << 20;
constexpr std::size_t kMinTextBytes = std::size_t{32} << 10;
constexpr std::size_t kMinChunkBytes = std::size_t{8} << 10, kMaxChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kChunksPerThread = 4;
constexpr std::uint64_t kRowsForKnownColumns = 100;

std::size_t bytes_of(const Chunk& chunk) {
  return chunk.events.capacity() + chunk.name_bytes.capacity() + chunk.names.capacity() * sizeof(ChunkName) +
         chunk.ids.capacity() * sizeof(graph::EventId);
}

// Where chunks begin: behind the first line end from each multiple of `chunk_bytes` on; and where the last
// one ends.
std::vector<std::size_t> cut(std::string_view text, std::size_t bytes, std::size_t chunk_bytes) {
  std::vector<std::size_t> cuts = {0};
  while (cuts.back() < std::min(bytes, text.size())) {
    const std::size_t wanted = std::min(cuts.back() + chunk_bytes, bytes);
    const std::size_t line_end = wanted >= text.size() ? std::string_view::npos : text.find('\n', wanted - 1);
    cuts.push_back(line_end == std::string_view::npos ? text.size() : line_end + 1);
  }
  return cuts;
}

// Joins a chunk to what is known of its source.
void join(BulkSource& source, Chunk& chunk, RowEntries& entries) {
  if (source.tally.rows == 0 && chunk.good_first) entries.release(source.ledger.source, *chunk.good_first);
  for (QuarantinedRow& row : chunk.quarantined) {
    row.source = source.ledger.source;
    row.line += source.ledger.lines;
    entries.quarantine(row);
  }
  chunk.quarantined = {};
  if (source.tally.rows < kRowsForKnownColumns) {
    for (std::string& name : chunk.known_columns) {
      if (std::find(source.known_columns.begin(), source.known_columns.end(), name) ==
          source.known_columns.end())
        source.known_columns.push_back(std::move(name));
    }
  }
  if (source.tally.rows == 0) {
    source.missing_columns = chunk.missing_columns;
  } else if (chunk.tally.rows > 0) {
    std::erase_if(source.missing_columns, [&](std::size_t column) {
      return std::find(chunk.missing_columns.begin(), chunk.missing_columns.end(), column) ==
             chunk.missing_columns.end();
    });
  }
  source.tally.add(chunk.tally, source.ledger.lines);
  source.ledger.lines += chunk.lines;
  // A bad last row without a line end stays outside the ledger: it is read again when the file has grown.
  source.ledger.rows += chunk.tally.rows - (chunk.open_end ? 1 : 0);
  source.ledger.bad_rows += chunk.tally.bad - (chunk.open_end ? 1 : 0);
}

}  // namespace

struct BulkLoad::State {
  State(const Project& p, GraphStore& s, const std::filesystem::path& temporary, const BulkOptions& o,
        ProgressSink& sink, Files& f)
      : project(p),
        store(s),
        options(o),
        progress(sink),
        files(f),
        scratch(temporary, f),
        pool(o.threads),
        holds_data(!s.impl().is_empty()),
        stored(holds_data ? std::make_unique<StoredSide>(s.impl(), scratch, pool, o.memory) : nullptr),
        numbering(scratch, pool, s.impl().state.node_counts, stored ? &stored->names() : nullptr,
                  o.memory / kMergeShare),
        runs(p.schema, scratch, pool),
        entries(s.impl(), scratch) {}

  // Sorts the chunks at hand while the next ones are read, once those before them are sorted.
  void flush() {
    wait();
    sorting = std::async(std::launch::async, [this, batch = std::exchange(chunks, {})]() mutable {
      sort(std::move(batch), keep);
      // Runs that do not fit go to disk, and all that come then.
      if (keep == Keep::kOnDisk || scratch.bytes_in_memory() <= options.memory / kRunsShare) return;
      numbering.move_to_disk();
      runs.move_to_disk();
      keep = Keep::kOnDisk;
    });
    chunk_bytes = 0;
  }
  // The last ones.
  void flush_rest() {
    wait();
    sort(std::exchange(chunks, {}), Keep::kInMemory);
  }
  void flush_if_full() {
    if (chunk_bytes > std::min(options.memory / kChunksShare, kMaxChunksBytes)) flush();
  }
  // Throws what sorting threw.
  void wait() {
    if (sorting.valid()) sorting.get();
  }
  void sort(std::vector<Chunk> batch, Keep where) {
    if (batch.empty()) return;
    files.kill_point("bulk.before_batch");
    duplicates += numbering.drop_repeats(batch, where);
    if (stored) duplicates += stored->events().drop(batch);
    const Numbering::Batch numbered = numbering.number(batch, project.schema.graph.node_types(), where);
    runs.add(batch, numbered, where);
    files.kill_point("bulk.after_batch");
  }

  void take(BulkSource& source, Chunk chunk) {
    join(source, chunk, entries);
    events += chunk.tally.events;
    forgotten += chunk.forgotten;
    chunk.tally = {};
    chunk.source = source.ledger.source;
    chunk_bytes += bytes_of(chunk);
    chunks.push_back(std::move(chunk));
  }

  const Project& project;
  GraphStore& store;
  BulkOptions options;
  ProgressSink& progress;
  Files& files;
  Scratch scratch;
  ThreadPool pool;
  bool holds_data;
  std::unique_ptr<StoredSide> stored;  // null: the store is empty
  Numbering numbering;
  BatchRuns runs;
  RowEntries entries;
  std::vector<Chunk> chunks;  // that wait
  std::size_t chunk_bytes = 0;
  Keep keep = Keep::kInMemory;  // sorted runs, as long as all fit
  std::uint64_t duplicates = 0, forgotten = 0, events = 0, bytes_read = 0;
  std::future<void> sorting;  // the last member: its thread uses the others
};

BulkLoad::BulkLoad(const Project& project, GraphStore& store, const std::filesystem::path& temporary,
                   const BulkOptions& options, ProgressSink& progress, Files& files)
    : state_(std::make_unique<State>(project, store, temporary, options, progress, files)) {}

BulkLoad::~BulkLoad() = default;

BulkSource BulkLoad::read(std::uint16_t source, const Position& header, const LedgerEntry& before) {
  State& state = *state_;
  const std::size_t text_bytes = std::clamp(state.options.memory / kTextShare, kMinTextBytes, kMaxTextBytes);
  const std::size_t chunk_bytes =
      std::clamp(text_bytes / (state.pool.size() * kChunksPerThread), kMinChunkBytes, kMaxChunkBytes);
  if (!can_be_cut(state.project.sources[source])) return read_rows(source, before, chunk_bytes);
  SourceText text(state.project.sources[source], header, text_bytes, state.files);
  BulkSource out;
  out.ledger = before;
  if (before.bytes == 0) out.ledger.lines = header.lines;
  text.skip_to(before.bytes);
  const std::uint64_t begin = text.offset();
  bool ended = false;
  while (!ended) {
    text.fill();
    if (text.text().empty()) break;
    const std::vector<std::size_t> cuts = cut(text.text(), text_bytes, chunk_bytes);
    std::vector<Chunk> chunks(cuts.size() - 1);
    state.pool.parallel_for(chunks.size(), 1, [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; ++i)
        chunks[i] = read_chunk(state.project, source, text, cuts[i], cuts[i + 1],
                               state.store.impl().tombstones, state.files);
    });
    std::size_t at = 0;
    for (std::size_t i = 0; i < chunks.size() && !ended; ++i) {
      if (at >= cuts[i + 1]) continue;  // a row of an earlier chunk goes on beyond all of this one
      // A row of the chunk before went on into this one, which began in its middle.
      if (at != cuts[i])
        chunks[i] = read_chunk(state.project, source, text, at, cuts[i + 1], state.store.impl().tombstones,
                               state.files);
      at = chunks[i].end;
      if (at >= text.text().size() && !text.at_end())
        throw NeedsBatches{"a source has a row that is longer than a row may be"};
      ended = chunks[i].open_end;
      state.take(out, std::move(chunks[i]));
    }
    text.consume(at);
    state.bytes_read += at;
    state.progress.advance(state.bytes_read >> 20);
    ended = ended || (text.at_end() && text.text().empty());
    state.flush_if_full();
  }
  out.bytes = text.offset() - begin;
  if (out.tally.rows > 0) {
    out.ledger.bytes = text.offset();
    out.ledger.prefix_hash = text.hash();
  } else if (before.bytes == 0) {
    out.ledger.lines = 0;
    out.ledger.prefix_hash = hash64(std::string_view());
  } else {
    out.ledger = before;
  }
  return out;
}

// By one thread. Its chunks are sorted and merged by all.
BulkSource BulkLoad::read_rows(std::uint16_t source, const LedgerEntry& before, std::size_t chunk_bytes) {
  State& state = *state_;
  RowChunks rows(state.project, source, before, state.store.impl().tombstones, state.files);
  BulkSource out;
  out.ledger = before;
  while (true) {
    Chunk chunk = rows.next(chunk_bytes);
    if (chunk.tally.rows == 0) break;
    state.take(out, std::move(chunk));
    state.flush_if_full();
  }
  state.bytes_read += state.files.open(state.project.sources[source].path)->size();
  state.progress.advance(state.bytes_read >> 20);
  if (out.tally.rows == 0 && before.bytes > 0) return out;
  const Position end = out.tally.rows == 0 ? Position{.hash = hash64(std::string_view())} : rows.position();
  out.bytes = end.bytes - before.bytes;
  out.ledger.bytes = end.bytes;
  out.ledger.prefix_hash = end.hash;
  return out;
}

namespace {

// Where the snapshot of the load goes, and what goes there.
std::unique_ptr<graph::SnapshotBuilder> snapshot_builder(const Project& project,
                                                         const GraphStore::Impl& store,
                                                         std::uint64_t sequence,
                                                         const std::vector<std::uint32_t>& node_counts,
                                                         std::size_t memory, Files& files) {
  const std::filesystem::path folder = project.workspace.snapshots() / snapshot_name(sequence, store.uuid);
  files.remove_all(folder);
  return std::make_unique<graph::SnapshotBuilder>(
      project.schema.graph, std::vector<std::uint64_t>(node_counts.begin(), node_counts.end()), folder,
      graph::BuilderOptions{.memory = memory}, files);
}

}  // namespace

namespace {

// Ends the log of changes: what comes in bulk is more than a delta is for.
std::vector<TableFile> end_changes(const GraphStore::Impl& store, Scratch& scratch) {
  TableFiles meta(scratch, store, kMeta);
  if (!store.changes) return {};
  PrefixScan scan(store, kMeta, std::string(kChangePrefix));
  for (; scan.valid(); scan.next()) meta.erase(scan.key());
  scan.check();
  meta.erase("changes");
  return meta.finish();
}

// What is not of one row or edge; keys behind those of single deletions.
std::vector<TableFile> write_meta(const GraphStore::Impl& store, Scratch& scratch, const StoreTables& tables,
                                  const StoreState& counts, std::uint64_t seal) {
  TableFiles meta(scratch, store, kMeta);
  if (tables.deletions.any()) {
    meta.put(kDeletionCountsKey, encode_deletion_counts(tables.deletions));
    std::string format;
    put_little(format, std::max(store.format, kDeletingFormat));
    meta.put("format", format);
  }
  meta.put(kSealKey, encode_seal(seal));
  meta.put("state", encode_state(counts));
  return meta.finish();
}

}  // namespace

BulkResult BulkLoad::finish(const std::vector<LedgerEntry>& ledger) {
  try {
    return merge(ledger);
  } catch (const TakesEventNodes&) {
    throw NeedsBatches{"rows delete edges whose own rows made nodes"};
  }
}

BulkResult BulkLoad::merge(const std::vector<LedgerEntry>& ledger) {
  State& state = *state_;
  state.flush_rest();
  state.files.kill_point("bulk.before_tables");
  GraphStore::Impl& store = state.store.impl();
  std::unique_ptr<graph::SnapshotBuilder> snapshot;
  const std::uint64_t sequence = store.state.sequence + state.events;
  const std::vector<std::uint32_t> nodes_before = store.state.node_counts;
  const DeletionCounts deletions_before = store.deletions;
  if (state.options.snapshot && !state.holds_data) {
    snapshot = snapshot_builder(state.project, store, sequence, state.numbering.node_counts(),
                                state.options.memory / kSnapshotShare, state.files);
  }
  StoreTables tables = write_store_tables(store, state.runs, state.scratch, state.pool,
                                          state.options.memory / kMergeShare, state.progress, snapshot);
  const RowEntries::Tables rows = state.entries.finish(ledger);
  tables.files[kLedger] = rows.ledger;
  tables.files[kQuarantine] = rows.quarantine;
  const StoreState counts{
      .sequence = sequence, .node_counts = state.numbering.node_counts(), .edge_counts = tables.edge_counts};
  for (TableFile& file : end_changes(store, state.scratch)) tables.files[kMeta].push_back(std::move(file));
  for (TableFile& file : write_meta(store, state.scratch, tables, counts, rows.seal))
    tables.files[kMeta].push_back(std::move(file));
  BulkResult result{.spilled_runs = state.scratch.runs(), .temporary_bytes = state.scratch.peak_bytes()};
  graph::SnapshotInfo info{
      .store_uuid = store.uuid, .sequence = sequence, .data_root = state.project.data_root.string()};
  if (snapshot) {
    result.spilled_runs += snapshot->spilled_runs();
    result.temporary_bytes += snapshot->temporary_bytes();
    for (const LedgerEntry& entry : ledger) info.source_files.push_back(entry.name);
    info = snapshot->seal(std::move(info));
  }
  state.files.kill_point("bulk.before_take_in");
  take_in_tables(store, tables);
  state.files.kill_point("bulk.after_take_in");
  if (snapshot) {
    snapshot->publish();
    store.fresh_snapshot = std::move(info);
  }
  result.applied.duplicate_events = state.duplicates;
  result.applied.forgotten_events = state.forgotten;
  result.applied.new_edges = tables.new_edges;
  result.applied.conflicts = tables.conflicts;
  result.applied.deletions = state.runs.deletions();
  for (std::size_t type = 0; type < deletions_before.deleted.size(); ++type)
    result.applied.deleted_edges.push_back(tables.deletions.deleted[type] - deletions_before.deleted[type]);
  for (std::size_t type = 0; type < nodes_before.size(); ++type)
    result.applied.new_nodes.push_back(counts.node_counts[type] - nodes_before[type]);
  return result;
}

}  // namespace weft::storage
