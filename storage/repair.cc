#include "storage/repair.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>

#include "base/error.h"
#include "base/hash.h"
#include "storage/repair_parts.h"
#include "storage/row_seal.h"
#include "storage/snapshot_export.h"
#include "storage/store_lock.h"
#include "storage/verify.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

// Where the new store grows, and where it waits once it is sound.
fs::path making(const Workspace& workspace) {
  return workspace.folder / "store.repair.tmp";
}
fs::path ready(const Workspace& workspace) {
  return workspace.folder / "store.repaired";
}
fs::path scratch(const Workspace& workspace) {
  return workspace.folder / "store.scratch.tmp";
}

fs::path free_name(const Workspace& workspace) {
  for (int i = 1;; ++i) {
    fs::path name = workspace.folder / fmt::format("store.before-repair-{}", i);
    if (!fs::exists(name)) return name;
  }
}

// verify_store()'s problems, or why there is nothing to verify.
std::vector<std::string> find_problems(const fs::path& store, ProgressSink& progress, Files& files) {
  try {
    return verify_store(GraphStore::open_reader(store, {}, files), progress).problems;
  } catch (const Error& error) {
    return {error.summary()};
  }
}

void make_sound(const fs::path& folder, RepairNotes& notes, Files& files, ProgressSink& progress) {
  GraphStore store = GraphStore::open_existing(folder, {}, files);
  GraphStore::Impl& impl = store.impl();
  drop_changes(store);  // a delta of what is mended now could not be made from them
  progress.begin("repair", 4, "parts");
  mend_dictionary(impl, notes);
  progress.advance(1);
  files.kill_point("repair.after_dictionary");
  mend_fields(impl, notes);
  progress.advance(2);
  mend_edges(impl, notes);
  mend_deletions(impl, notes);
  progress.advance(3);
  files.kill_point("repair.after_edges");
  const auto seal = impl.get(kMeta, kSealKey);
  if (seal && *seal != encode_seal(scan_seal(impl)))
    notes.lost("ledger and quarantine: entries are lost or are not those that were written last");
  mend_ledger(impl, notes);
  ++impl.state.sequence;  // snapshots and feature sets of the damaged state are not those of this one
  MendWriter writer(impl);
  writer.put(kMeta, "state", encode_state(impl.state));
  writer.put(kMeta, kSealKey, encode_seal(scan_seal(impl)));
  writer.flush();
  impl.check(impl.db->Flush(rocksdb::FlushOptions(), impl.handles), "write the new store");
  progress.end();
  const VerifyReport report = verify_store(store, progress);
  if (report.ok()) return;
  throw Error(fmt::format("the store cannot be repaired: {}", report.problems.front()),
              {.file = folder.string(),
               .hint = "the store is as it was: restore a backup, or remove its folder and ingest again"});
}

// The two renames between which there is no store: the next run does the second.
void exchange(const Workspace& workspace, RepairReport& report, Files& files) {
  if (fs::exists(workspace.store())) {
    report.kept = free_name(workspace);
    files.rename(workspace.store(), report.kept);
    files.sync_folder(workspace.folder);
    files.kill_point("repair.between_renames");
  }
  files.rename(ready(workspace), workspace.store());
  files.sync_folder(workspace.folder);
  files.kill_point("repair.after_exchange");
}

std::string random_uuid() {
  std::random_device device;
  std::string out;
  for (int i = 0; i < 4; ++i) out += fmt::format("{:08x}", device());
  return out;
}

std::uint64_t erase_all(const GraphStore::Impl& impl, std::string_view prefix, MendWriter& writer) {
  std::uint64_t count = 0;
  for (PrefixScan scan(impl, kMeta, std::string(prefix)); scan.valid(); scan.next(), ++count)
    writer.erase(kMeta, scan.key());
  return count;
}

// A log of changes or tombstones that would keep the store from opening.
void drop_unreadable(const GraphStore::Impl& impl, MendWriter& writer, RepairNotes& notes) {
  const auto log = impl.get(kMeta, "changes");
  if (!(log && decode_change_log(*log)) && erase_all(impl, kChangePrefix, writer) + (log ? 1 : 0) > 0) {
    writer.erase(kMeta, "changes");
    notes.rebuilt("the log of changes begins anew with the next snapshot");
  }
  const auto key = impl.get(kMeta, kTombstoneKeyKey);
  bool readable = !key || key->size() == TombstoneKey().size();
  for (PrefixScan scan(impl, kMeta, std::string(kTombstonePrefix)); scan.valid(); scan.next())
    readable = readable && key && decode_tombstone_key(scan.key());
  if (readable) return;
  notes.lost(fmt::format("{} tombstones: what was forgotten may return when its rows are read again",
                         erase_all(impl, kTombstonePrefix, writer)));
  writer.erase(kMeta, kTombstoneKeyKey);
}

}  // namespace

void RepairNotes::finish() {
  const auto close = [](std::vector<std::string>& lines, std::uint64_t count) {
    if (count > kMaxLines) lines.push_back(fmt::format("and {} more", count - kMaxLines));
  };
  close(report_.rebuilt, report_.rebuilt_count);
  close(report_.lost, report_.lost_count);
}

void mend_meta(const fs::path& folder, const Workspace& workspace, const StoreSchema& schema,
               RepairNotes& notes, Files& files) {
  GraphStore::Impl impl(folder, {}, files);
  impl.open_writer(GraphStore::Impl::Missing::kRefuse);
  MendWriter writer(impl);
  const bool forgot = PrefixScan(impl, kMeta, std::string(kTombstonePrefix)).valid();
  const bool deleted = PrefixScan(impl, kMeta, std::string(kDeletionPrefix)).valid() ||
                       PrefixScan(impl, kMeta, std::string(kDeletionAtPrefix)).valid() ||
                       impl.get(kMeta, kDeletionCountsKey).has_value();
  const std::uint32_t fitting = deleted ? kDeletingFormat : forgot ? kForgettingFormat : kStoreFormat;
  std::string format;
  put_little(format, fitting);
  const auto stored_format = impl.get(kMeta, "format");
  if (stored_format && stored_format->size() == 4 &&
      get_little<std::uint32_t>(*stored_format, 0) > kNewestStoreFormat) {
    throw Error(fmt::format("the store has format {}, this weft reads formats {} to {}",
                            get_little<std::uint32_t>(*stored_format, 0), kStoreFormat, kNewestStoreFormat),
                {.file = folder.string()});
  }
  if (!stored_format || stored_format->size() != 4) {
    notes.rebuilt(fmt::format("the format number, as {}", fitting));
    writer.put(kMeta, "format", format);
  }
  drop_unreadable(impl, writer, notes);
  impl.schema = schema;
  const auto stored_schema = impl.get(kMeta, "schema");
  try {
    if (!stored_schema) throw Error("");
    impl.schema = StoreSchema::from_json(*stored_schema, folder.string());
  } catch (const Error&) {
    notes.rebuilt("the schema, from the project file");
    writer.put(kMeta, "schema", schema.to_json());
  }
  const std::size_t deletable = impl.schema.graph.edge_types().size();
  const auto counts = impl.get(kMeta, kDeletionCountsKey);
  if (deleted && !(counts && decode_deletion_counts(*counts, deletable))) {
    // Counted when the deletions are mended. Of untimed types it is not known whether there were any.
    notes.rebuilt("the counts of deletions");
    DeletionCounts unknown = no_deletions(deletable);
    unknown.deletions.assign(deletable, 1);
    writer.put(kMeta, kDeletionCountsKey, encode_deletion_counts(unknown));
  }
  const graph::SnapshotInfo known = newest_snapshot(workspace, "", files).value_or(graph::SnapshotInfo{});
  const auto stored_uuid = impl.get(kMeta, "uuid");
  if (!stored_uuid || stored_uuid->size() != 32) {
    if (known.store_uuid.size() == 32)
      notes.rebuilt("the uuid, from the newest snapshot");
    else
      notes.lost("the uuid: models trained on this store no longer fit it");
    writer.put(kMeta, "uuid", known.store_uuid.size() == 32 ? known.store_uuid : random_uuid());
  }
  const std::size_t node_types = impl.schema.graph.node_types().size(),
                    edge_types = impl.schema.graph.edge_types().size();
  const auto stored_state = impl.get(kMeta, "state");
  if (!stored_state || !decode_state(*stored_state, node_types, edge_types)) {
    notes.rebuilt("the counts of nodes and edges; the sequence goes on from the newest snapshot's");
    writer.put(kMeta, "state",
               encode_state({.sequence = known.sequence,
                             .node_counts = std::vector<std::uint32_t>(node_types, 0),
                             .edge_counts = std::vector<std::uint64_t>(edge_types, 0)}));
  }
  writer.flush();
  impl.check(impl.db->Flush(rocksdb::FlushOptions(), impl.handles), "write the new store");
}

RepairReport repair_store(const Workspace& workspace, const StoreSchema& schema, ProgressSink& progress,
                          Files& files) {
  RepairNotes notes;
  RepairReport& report = notes.report();
  if (!fs::exists(workspace.store()) && fs::exists(ready(workspace))) {
    report.needed = true;
    report.rebuilt.emplace_back("the repair that an earlier run was killed in was finished");
    exchange(workspace, report, files);
    return report;
  }
  if (!fs::exists(workspace.store() / "db"))
    throw Error("there is no store here",
                {.file = workspace.store().string(), .hint = "restore a backup, or run `weft ingest`"});
  const StoreLock lock(workspace.store() / "writer.lock", "the store");
  if (fs::exists(workspace.store() / "unfinished"))
    throw Error("the store was never finished being created",
                {.file = workspace.store().string(), .hint = "run `weft ingest` again"});
  for (const fs::path& left : {making(workspace), ready(workspace), scratch(workspace)})
    files.remove_all(left);  // by a killed run
  report.found = find_problems(workspace.store(), progress, files);
  if (report.found.empty()) return report;
  report.needed = true;
  try {
    files.kill_point("repair.before_salvage");
    salvage(workspace.store(), making(workspace), scratch(workspace), notes, progress, files);
    files.kill_point("repair.after_salvage");
    mend_meta(making(workspace), workspace, schema, notes, files);
    make_sound(making(workspace), notes, files, progress);
  } catch (...) {
    std::error_code ignored;  // the first failure is the one to report
    for (const fs::path& left : {making(workspace), scratch(workspace)}) fs::remove_all(left, ignored);
    throw;
  }
  files.remove_all(scratch(workspace));
  files.rename(making(workspace), ready(workspace));
  files.kill_point("repair.before_exchange");
  exchange(workspace, report, files);
  notes.finish();
  return report;
}

}  // namespace weft::storage
