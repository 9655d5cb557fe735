#include "storage/bulk/store_tables.h"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <numeric>

#include "base/error.h"
#include "base/hash.h"
#include "base/merge.h"
#include "storage/bulk/id_sorter.h"
#include "storage/bulk/row_deletions.h"
#include "storage/bulk/snapshot_beside.h"

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
      table.put({reinterpret_cast<const char*>(&big), sizeof(big)}, value);
      if (const FieldConflicts found = conflicts_of(value); found.any())
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
    if (!deletions.empty()) return edges_that_stand(type, runs, deletions, family);
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
    const bool outgoing = family == kOutgoing;
    TableFiles table(scratch_, store_, family), up_to(scratch_, store_, kMeta), at(scratch_, store_, kMeta),
        deleted(scratch_, store_, kMeta);
    EdgesBeside snapshot = snapshot_.edges(type, family);
    const auto keep_deletion = [&](const DeletionRecord& record) {
      if (!outgoing) return;
      const EdgePair pair{type, record.node, record.other};
      if (record.at == 0) up_to.put(deletion_key(pair), encode_deletion(record.time));
      if (record.at != 0) at.put(deletion_at_key(pair, record.time), "");
      ++deletion_counts.deletions[type];
    };
    {
      RowDeletions rows(deletions, scratch_.files(), memory_ / 4);
      auto merged = merge_runs<RecordCursor<EdgeRecord>>(runs, scratch_.files(), memory_ / 4);
      while (merged.next()) {
        const EdgeKey key = merged.top().key().key();
        rows.go_to(key.node, keep_deletion);
        if (!rows.reach(key.other, key.time)) {
          put(table, merged.top().key());
          snapshot.put(merged.top().key());
        } else if (outgoing) {
          deleted.put(deleted_key(key), "");
          ++deletion_counts.deleted[type];
          --edge_counts[type];
        }
      }
      rows.finish(keep_deletion);
    }
    runs.clear();
    for (TableFiles* each : {&table, &up_to, &at, &deleted}) keep(*each);
    snapshot.finish();
  }

  // Replays what events gave each node: apply() replaces all of a node's edges of the type each time.
  void attributes(graph::EdgeTypeId type) {
    TableFiles table(scratch_, store_, kOutgoing);
    std::vector<EdgeRecord> incoming;
    std::vector<Spool> incoming_runs;
    const auto spill = [&](Keep keep) {
      sort_edges(incoming);
      SpoolWriter run(scratch_, "edges", keep);
      run.append(incoming.data(), incoming.size() * sizeof(EdgeRecord));
      incoming_runs.push_back(run.finish());
      incoming.clear();
    };
    auto merged = merge_runs<RecordCursor<AttributeRecord>>(runs_.edges()[type].attributes, scratch_.files(),
                                                            memory_ / 4);
    std::vector<EdgeRecord> outgoing;
    EdgesBeside snapshot = snapshot_.edges(type, kOutgoing);
    bool any = merged.next();
    while (any) {
      const graph::NodeId from = merged.top().key().from;
      const Targets targets = replay(merged, any, from, type);
      outgoing.clear();
      for (const auto& [to, origin] : targets) {
        const EdgeKey key{type, from, graph::kNoTime, to, origin.event};
        outgoing.push_back(EdgeRecord::of(key, {origin.source, 1.0F}));
        incoming.push_back(EdgeRecord::of(key.reversed(), {origin.source, 1.0F}));
      }
      if (edge_counts[type] + targets.size() >= graph::kNoEdge) {
        throw Error("too many edges of one type",
                    {.field = store_.schema.graph.edge_type(type).name, .expected = "at most 2^32 - 2"});
      }
      edge_counts[type] += targets.size();
      std::sort(outgoing.begin(), outgoing.end());
      for (const EdgeRecord& edge : outgoing) {
        put(table, edge);
        snapshot.put(edge);
      }
      if (incoming.size() * 2 * sizeof(EdgeRecord) > memory_ / 2) spill(Keep::kOnDisk);
    }
    if (!incoming.empty()) spill(Keep::kInMemory);
    keep(table);
    snapshot.finish();
    edges(type, incoming_runs, kIncoming);
  }

  std::vector<std::vector<TableFile>> files = std::vector<std::vector<TableFile>>(kFamilyCount);
  std::vector<std::uint64_t> edge_counts, new_edges;  // [edge type]
  ConflictCounts conflicts;                           // of fields()
  DeletionCounts deletion_counts;                     // of edges()

 private:
  static constexpr std::size_t kBuffer = std::size_t{1} << 18;
  struct Origin {
    graph::EventId event = 0;
    std::uint16_t source = 0;
  };
  using Targets = std::map<graph::NodeId, Origin>;

  // By dense id; what is known of each node goes to visit(id, value).
  template <typename Visit>
  void write_names(graph::NodeTypeId type, std::optional<graph::NodeWriter>& snapshot, Visit&& visit) {
    const bool of_event = store_.schema.from_event[type] != 0;
    NodeRuns& runs = runs_.nodes()[type];
    TableFiles names(scratch_, store_, kNames);
    std::string digits;
    {
      auto seen = merge_runs<RecordCursor<SeenRecord>>(runs.seen, scratch_.files(), memory_ / 4);
      bool any = seen.next();
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

  Targets replay(Merge<RecordCursor<AttributeRecord>>& merged, bool& any, graph::NodeId from,
                 graph::EdgeTypeId type) {
    Targets present;
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
  tasks.deletion_counts = no_deletions(runs.edges().size());
  for (const EdgeRuns& edges : runs.edges()) {
    tasks.edge_counts.push_back(edges.count);
    tasks.new_edges.push_back(edges.count);
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
      if (store.get(which, file.first) && store.get(which, file.last)) continue;
      throw Error("a table file could not be read as it was taken into the store",
                  {.file = file.path, .hint = "look for errors of the disk, and run `weft ingest` again"});
    }
  }
}

}  // namespace

void take_in_tables(GraphStore::Impl& store, const StoreTables& tables) {
  std::vector<rocksdb::IngestExternalFileArg> arguments;
  for (std::size_t family = 0; family < kFamilyCount; ++family) {
    if (tables.files[family].empty()) continue;
    rocksdb::IngestExternalFileArg argument;
    argument.column_family = store.family(static_cast<Family>(family));
    for (const TableFile& file : tables.files[family]) argument.external_files.push_back(file.path);
    argument.options.move_files = true;
    argument.options.write_global_seqno = false;
    arguments.push_back(std::move(argument));
  }
  // From here on a failure leaves memory and database apart.
  store.failed = true;
  store.begin_unfinished();
  store.files.kill_point("bulk.during_take_in");
  store.check(store.db->IngestExternalFiles(arguments), "take the table files into the store");
  check_taken_in(store, tables);
  store.end_unfinished();
  store.load_state();
  store.load_format();
  store.start_cache();
  store.failed = false;
}

}  // namespace weft::storage
