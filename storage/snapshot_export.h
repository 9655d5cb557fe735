// Snapshots of a workspace: snapshots/<sequence>-<store>/, and the file snapshots/current that names the
// newest.
//
// The same store content gives the same SnapshotInfo::checksum, however the ingest was cut into runs and
// batches.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/files.h"
#include "base/progress.h"
#include "graph/snapshot.h"
#include "storage/graph_store.h"
#include "storage/snapshot_scan.h"
#include "storage/workspace.h"

namespace weft::storage {

struct ExportedSnapshot {
  std::filesystem::path folder = {};
  graph::SnapshotInfo info = {};
  bool reused = false;  // the store had not changed since it was written
};

// Writes a snapshot of the store's present state (or finds the one that is there, whole by its checksums),
// points `current` at it, and removes all older snapshots but the one `current` named before. What a killed
// export left is removed by the next one; what has no name of ours stays. Needs the writer's lock: `store`
// must be open for writing. Kill points: export.*, and those of scan_into_snapshot.
ExportedSnapshot export_snapshot(const GraphStore& store, const Workspace& workspace,
                                 const std::filesystem::path& data_root,
                                 ProgressSink& progress = no_progress(), Files& files = real_files(),
                                 const SnapshotOptions& options = {});

// The folder's name below snapshots/.
std::string snapshot_name(std::uint64_t sequence, const std::string& store_uuid);

// The folder that `current` names; nothing if there is none yet. Throws Error if `current` is damaged or
// names no folder.
std::optional<std::filesystem::path> current_snapshot(const Workspace& workspace,
                                                      Files& files = real_files());

// What the snapshot with the highest sequence number says, of those that open and are of the store
// `store_uuid` (empty: of any). Where a delta shows a later state, its sequence number is given.
std::optional<graph::SnapshotInfo> newest_snapshot(const Workspace& workspace, const std::string& store_uuid,
                                                   Files& files = real_files());

}  // namespace weft::storage
