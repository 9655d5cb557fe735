#include "storage/bulk/store_tables.h"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <numeric>

#include "base/error.h"
#include "base/hash.h"
#include "base/merge.h"
#include "storage/bulk/attribute_ends.h"
#include "storage/bulk/id_sorter.h"
#include "storage/bulk/older_nodes.h"
#include "storage/bulk/snapshot_beside.h"
#include "storage/bulk/standing_edges.h"
#include "storage/bulk/stored_deletions.h"
#include "storage/bulk/stored_rows.h"

namespace weft::storage {
namespace {

class TableTasks {
 public:
  TableTasks(const GraphStore::Impl& store, BatchRuns& runs, Scratch& scratch, std::size_t memory,
             SnapshotBeside& snapshot)
      : store_(store), runs_(runs), scratch_(scratch), memory_(memory), snapshot_(snapshot) {}

  void nodes(graph::NodeTypeId type) {
    std::optional<graph::NodeWriter> snapshot = snapshot_.nodes(type);
    if (store_.schema.from_event[type] != 0) {
      EventIdSorter sorter(scratch_, memory_);
      write_names(type, snapshot, [&](std::string_view, const IdValue& value) { sorter.add(value); });
      write_ids(type, snapshot, sorter);
    } else {
      IdSorter sorter(scratch_, memory_);
      write_names(type, snapshot, [&](std::string_view id, const IdValue& value) { sorter.add(id, value); });
      write_ids(type, snapshot, sorter);
    }
    if (snapshot) snapshot->finish();
  }

  void fields() {
    TableFiles table(scratch_, store_, kFields);
    FieldsBeside snapshot = snapshot_.fields();
    auto merged = merge_runs<FieldCursor>(runs_.fields(), scratch_.files(), memory_ / 2);
    std::string value;
    std::uint64_t key = 0;
    bool any = false;
    const auto write = [&] {
      const std::uint64_t big = __builtin_bswap64(key);
      if (!any) return;
      const std::string_view bytes{reinterpret_cast<const char*>(&big), sizeof(big)};
      const FieldConflicts before = join_stored(key, bytes, value);
      table.put(bytes, value);
      if (const FieldConflicts found = difference(conflicts_of(value), before); found.any())
        add_conflicts(
            conflicts,
            {{{static_cast<graph::NodeTypeId>(key >> 48), static_cast<std::uint16_t>(key)}, found}});
      snapshot.put(key, value);
    };
    while (merged.next()) {
      const bool same = any && merged.top().key() == key;
      if (any && !same) write();
      key = merged.top().key();
      if (same && is_ranked(value)) {
        value = join_fields(value, merged.top().value());
      } else {
        value = merged.top().value();
      }
      any = true;
    }
    write();
    snapshot.finish();
    runs_.fields().clear();
    keep(table);
  }

  void edges(graph::EdgeTypeId type, std::vector<Spool>& runs, Family family) {
    const EdgeRuns& all = runs_.edges()[type];
    const std::vector<Spool>& deletions =
        family == kOutgoing ? all.outgoing_deletions : all.incoming_deletions;
    if (!deletions.empty() || store_.deletions.deletions[type] > 0)
      return edges_that_stand(type, runs, deletions, family);
    TableFiles table(scratch_, store_, family);
    EdgesBeside snapshot = snapshot_.edges(type, family);
    {
      auto merged = merge_runs<RecordCursor<EdgeRecord>>(runs, scratch_.files(), memory_ / 2);
      while (merged.next()) {
        put(table, merged.top().key());
        snapshot.put(merged.top().key());
      }
    }
    runs.clear();
    keep(table);
    snapshot.finish();
  }

  // Edges that no deletion reaches. The outgoing ones tell what is kept of deletions as well.
  void edges_that_stand(graph::EdgeTypeId type, std::vector<Spool>& runs, const std::vector<Spool>& deletions,
                        Family family) {
    std::vector<Spool> stored;
    if (store_.deletions.deletions[type] > 0)
      stored = stored_deletions(store_, type, family, scratch_, memory_ / 2);
    EdgesBeside snapshot = snapshot_.edges(type, family);
    StandingEdges standing(store_, type, family, scratch_);
    standing.merge(runs, deletions, stored, memory_ / 2, snapshot);
    runs.clear();
    for (std::size_t i = 0; i < StandingEdges::kTables; ++i) keep(standing.tables()[i]);
    snapshot.finish();
    if (family != kOutgoing) return;
    deletion_counts.deletions[type] += standing.new_deletions();
    deletion_counts.deleted[type] += standing.gone();
    edge_counts[type] -= standing.gone();
  }

  // Replays what events gave each node: apply() replaces all of a node's edges of the type each time.
  void attributes(graph::EdgeTypeId type) {
    TableFiles table(scratch_, store_, kOutgoing);
    AttributeEnds incoming(scratch_, memory_ / 4);
    auto merged = merge_runs<RecordCursor<AttributeRecord>>(runs_.edges()[type].attributes, scratch_.files(),
                                                            memory_ / 4);
    StoredRows stored_rows(store_, type, kOutgoing);
    std::vector<RowChange> row;
    EdgesBeside snapshot = snapshot_.edges(type, kOutgoing);
    bool any = merged.next();
    while (any) {
      const graph::NodeId from = merged.top().key().from;
      const Targets stored = stored_targets(stored_rows, from, type);
      const Targets targets = replay(merged, any, from, type, stored);
      row.clear();
      const auto change = [&](graph::NodeId to, const Origin& origin, bool erase) {
        const EdgeKey key{type, from, graph::kNoTime, to, origin.event};
        row.push_back({EdgeRecord::of(key, {origin.source, 1.0F}), erase});
        incoming.add({EdgeRecord::of(key.reversed(), {origin.source, 1.0F}), erase});
      };
      for (const auto& [to, origin] : targets) {
        const auto there = stored.find(to);
        if (there == stored.end() || !(there->second == origin)) change(to, origin, false);
      }
      for (const auto& [to, origin] : stored) {
        const auto stays = targets.find(to);
        if (stays == targets.end() || stays->second.event != origin.event) change(to, origin, true);
      }
      add_edges(type, targets.size() - stored.size());  // modulo 2^64
      std::sort(row.begin(), row.end());
      for (const RowChange& each : row) {
        write(table, each);
        if (!each.erase) snapshot.put(each.edge);
      }
    }
    keep(table);
    snapshot.finish();
    TableFiles other(scratch_, store_, kIncoming);
    incoming.finish([&](const RowChange& each) { write(other, each); });
    keep(other);
  }

  void add_edges(graph::EdgeTypeId type, std::uint64_t count) {
    edge_counts[type] += count;
    if (edge_counts[type] >= graph::kNoEdge) fail_too_many(type);
  }

  std::vector<std::vector<TableFile>> files = std::vector<std::vector<TableFile>>(kFamilyCount);
  std::vector<std::uint64_t> edge_counts, new_edges;  // [edge type]; all of the store's, of the load's
  ConflictCounts conflicts;                           // of fields()
  DeletionCounts deletion_counts;                     // of edges()

 private:
  static constexpr std::size_t kBuffer = std::size_t{1} << 18;
  struct Origin {
    graph::EventId event = 0;
    std::uint16_t source = 0;
    bool operator==(const Origin&) const = default;
  };
  using Targets = std::map<graph::NodeId, Origin>;

  bool is_stored(graph::NodeTypeId type, graph::NodeId node) const {
    return node < store_.state.node_counts[type];
  }

  // Joins a ranked value to the one that the store has of the field; what that counted as.
  FieldConflicts join_stored(std::uint64_t key, std::string_view bytes, std::string& value) const {
    const auto type = static_cast<graph::NodeTypeId>(key >> 48);
    if (!is_ranked(value) || !is_stored(type, static_cast<graph::NodeId>(key >> 16))) return {};
    const auto standing = store_.get(kFields, bytes);
    if (!standing) return {};
    if (is_ranked(*standing)) value = join_fields(*standing, value);
    return conflicts_of(*standing);
  }

  Targets stored_targets(StoredRows& rows, graph::NodeId from, graph::EdgeTypeId type) const {
    Targets out;
    if (!is_stored(store_.schema.graph.edge_type(type).from, from)) return out;
    rows.visit(from, graph::kEndOfTime, [&](const EdgeKey& key, const EdgeValue& value) {
      out.insert_or_assign(key.other, Origin{key.event, value.source});
    });
    return out;
  }

  // By dense id; what is known of each node, and of those of the store that changes, goes to visit(id,
  // value).
  void write_names(graph::NodeTypeId type, std::optional<graph::NodeWriter>& snapshot, const VisitId& visit) {
    const bool of_event = store_.schema.from_event[type] != 0;
    NodeRuns& runs = runs_.nodes()[type];
    TableFiles names(scratch_, store_, kNames);
    std::string digits;
    {
      auto seen = merge_runs<RecordCursor<SeenRecord>>(runs.seen, scratch_.files(), memory_ / 4);
      bool any = seen.next();
      OlderNodes older(store_, type, visit);
      for (; any && is_stored(type, seen.top().key().node); any = seen.next())
        older.add(seen.top().key().node, seen.top().key().earliest);
      older.finish();
      for (const Spool& run : runs.made) {
        IdCursor cursor(run, scratch_.files(), kBuffer);
        while (cursor.advance()) {
          IdValue value = cursor.value();
          for (; any && seen.top().key().node == value.node; any = seen.next())
            value.first_seen = earlier(value.first_seen, seen.top().key().earliest);
          if (of_event) digits = to_hex(value.event);
          const std::string_view id = of_event ? std::string_view(digits) : cursor.key();
          names.put(node_key({type, value.node}), id);
          visit(id, value);
          if (!snapshot) continue;
          snapshot->put_id(id);
          snapshot->put_seen(value.first_seen, value.event);
        }
      }
      WEFT_CHECK(!any);
    }
    keep(names);
    runs = {};
  }

  // By external id.
  template <typename Sorter>
  void write_ids(graph::NodeTypeId type, std::optional<graph::NodeWriter>& snapshot, Sorter& sorter) {
    TableFiles ids(scratch_, store_, kIds);
    std::string key, bytes;
    sorter.finish([&](std::string_view id, const IdValue& value) {
      key.clear();
      put_big(key, type);
      key += id;
      bytes.clear();
      put_little(bytes, value.node);
      put_little(bytes, value.first_seen);
      put_little(bytes, value.event);
      ids.put(key, bytes);
      if (snapshot) snapshot->put_sorted(id, value.node);
    });
    keep(ids);
  }

  // `present`: before the load.
  Targets replay(Merge<RecordCursor<AttributeRecord>>& merged, bool& any, graph::NodeId from,
                 graph::EdgeTypeId type, Targets present) {
    while (any && merged.top().key().from == from) {
      const std::uint64_t sequence = merged.top().key().sequence;
      Targets given;
      for (; any && merged.top().key().from == from && merged.top().key().sequence == sequence;
           any = merged.next()) {
        const AttributeRecord& record = merged.top().key();
        given.insert_or_assign(record.to, Origin{record.edge_event, record.source});
      }
      for (auto& [to, origin] : given) {
        const auto kept = present.find(to);
        if (kept == present.end()) ++new_edges[type];
        if (kept != present.end()) origin = kept->second;
      }
      present = std::move(given);
    }
    return present;
  }

  static void put(TableFiles& table, const EdgeRecord& edge) {
    char bytes[kEdgeKeyBytes + kEdgeValueBytes];
    edge.bytes(bytes);
    table.put({bytes, kEdgeKeyBytes}, {bytes + kEdgeKeyBytes, kEdgeValueBytes});
  }

  static void write(TableFiles& table, const RowChange& change) {
    if (!change.erase) return put(table, change.edge);
    char bytes[kEdgeKeyBytes + kEdgeValueBytes];
    change.edge.bytes(bytes);
    table.erase({bytes, kEdgeKeyBytes});
  }

  [[noreturn]] void fail_too_many(graph::EdgeTypeId type) const {
    throw Error("too many edges of one type",
                {.field = store_.schema.graph.edge_type(type).name, .expected = "at most 2^32 - 2"});
  }

  void keep(TableFiles& table) {
    std::vector<TableFile> written = table.finish();
    const std::lock_guard lock(mutex_);
    std::vector<TableFile>& all = files[table.family()];
    all.insert(all.end(), written.begin(), written.end());
  }

  const GraphStore::Impl& store_;
  BatchRuns& runs_;
  Scratch& scratch_;
  std::size_t memory_;
  SnapshotBeside& snapshot_;
  std::mutex mutex_;  // guards files
};

// What is merged by itself.
struct MergeTask {
  std::uint64_t bytes = 0;  // of its runs
  std::function<void()> run;
};

std::uint64_t bytes_of(const std::vector<Spool>& runs) {
  return std::accumulate(runs.begin(), runs.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Spool& run) { return sum + run.size(); });
}

// The longest first, so that no thread is left with one when the others have nothing more to do.
std::vector<MergeTask> merge_tasks(TableTasks& tasks, BatchRuns& runs, const StoreSchema& schema) {
  std::vector<MergeTask> merges;
  merges.push_back({bytes_of(runs.fields()), [&tasks] { tasks.fields(); }});
  for (std::size_t i = 0; i < runs.nodes().size(); ++i) {
    const auto type = static_cast<graph::NodeTypeId>(i);
    // Names, then ids: two tables.
    merges.push_back({2 * bytes_of(runs.nodes()[i].made) + bytes_of(runs.nodes()[i].seen),
                      [&tasks, type] { tasks.nodes(type); }});
  }
  for (std::size_t i = 0; i < runs.edges().size(); ++i) {
    const auto type = static_cast<graph::EdgeTypeId>(i);
    EdgeRuns& edges = runs.edges()[i];
    if (schema.attribute[i] != 0) {
      merges.push_back({2 * bytes_of(edges.attributes), [&tasks, type] { tasks.attributes(type); }});
      continue;
    }
    // A snapshot is written from the outgoing ones.
    merges.push_back({2 * bytes_of(edges.outgoing),
                      [&tasks, &edges, type] { tasks.edges(type, edges.outgoing, kOutgoing); }});
    merges.push_back(
        {bytes_of(edges.incoming), [&tasks, &edges, type] { tasks.edges(type, edges.incoming, kIncoming); }});
  }
  std::stable_sort(merges.begin(), merges.end(),
                   [](const MergeTask& a, const MergeTask& b) { return a.bytes > b.bytes; });
  return merges;
}

}  // namespace

StoreTables write_store_tables(const GraphStore::Impl& store, BatchRuns& runs, Scratch& scratch,
                               ThreadPool& pool, std::size_t memory, ProgressSink& progress,
                               std::unique_ptr<graph::SnapshotBuilder>& snapshot) {
  SnapshotBeside beside(snapshot.get(), store.schema.graph, scratch, memory / pool.size(), pool.size());
  TableTasks tasks(store, runs, scratch, memory / pool.size(), beside);
  tasks.deletion_counts = store.deletions;
  tasks.edge_counts = store.state.edge_counts;
  for (std::size_t type = 0; type < runs.edges().size(); ++type) {
    tasks.new_edges.push_back(runs.edges()[type].count);
    tasks.add_edges(static_cast<graph::EdgeTypeId>(type), runs.edges()[type].count);
  }
  std::vector<MergeTask> merges = merge_tasks(tasks, runs, store.schema);
  std::mutex mutex;
  std::uint64_t merged = 0;
  progress.begin("merge", merges.size(), "tables");
  pool.parallel_for(merges.size(), 1, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      merges[i].run();
      const std::lock_guard lock(mutex);
      progress.advance(++merged);
    }
  });
  progress.end();
  if (beside.abandoned()) snapshot.reset();
  return {.files = std::move(tasks.files),
          .edge_counts = std::move(tasks.edge_counts),
          .new_edges = std::move(tasks.new_edges),
          .conflicts = std::move(tasks.conflicts),
          .deletions = std::move(tasks.deletion_counts)};
}

namespace {

// RocksDB 7.8 finds the range of keys of a file that it takes in by reading it, and takes one that it cannot
// read for empty: its entries would not be found.
void check_taken_in(const GraphStore::Impl& store, const StoreTables& tables) {
  for (std::size_t family = 0; family < kFamilyCount; ++family) {
    for (const TableFile& file : tables.files[family]) {
      const auto which = static_cast<Family>(family);
      if (file.last.empty() || (store.get(which, file.first) && store.get(which, file.last))) continue;
      throw Error("a table file could not be read as it was taken into the store",
                  {.file = file.path, .hint = "look for errors of the disk, and run `weft ingest` again"});
    }
  }
}

}  // namespace

void take_in_tables(GraphStore::Impl& store, const StoreTables& tables) {
  const bool holds_data = !store.is_empty();
  std::vector<rocksdb::IngestExternalFileArg> arguments;
  for (std::size_t family = 0; family < kFamilyCount; ++family) {
    if (tables.files[family].empty()) continue;
    rocksdb::IngestExternalFileArg argument;
    argument.column_family = store.family(static_cast<Family>(family));
    for (const TableFile& file : tables.files[family]) argument.external_files.push_back(file.path);
    argument.options.move_files = true;
    argument.options.write_global_seqno = false;
    argument.options.verify_checksums_before_ingest = holds_data;
    arguments.push_back(std::move(argument));
  }
  // From here on a failure leaves memory and database apart.
  store.failed = true;
  if (!holds_data) store.begin_unfinished();
  store.files.kill_point("bulk.during_take_in");
  store.guard.begin();
  store.check(store.db->IngestExternalFiles(arguments), "take the table files into the store");
  store.guard.end();
  check_taken_in(store, tables);
  if (!holds_data) store.end_unfinished();
  store.load_state();
  store.load_format();
  store.start_cache();
  store.newest = newest_times(*store.db, store.family(kOutgoing));
  store.failed = false;
}

}  // namespace weft::storage
