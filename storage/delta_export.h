// Deltas of a workspace: deltas/<snapshot's name>/<sequence>/, what came into the store after its current
// snapshot. The newest one shows all of it; a live view reads both.
#pragma once

#include <filesystem>
#include <optional>

#include "base/files.h"
#include "base/progress.h"
#include "graph/live_view.h"
#include "storage/graph_store.h"
#include "storage/snapshot_export.h"
#include "storage/workspace.h"

namespace weft::storage {

struct ExportedDelta {
  std::filesystem::path snapshot = {};  // that it stands on
  // Empty: there is nothing beyond the snapshot, which may have been written just now.
  std::filesystem::path folder = {};
  std::uint64_t sequence = 0;  // that both show together
  std::uint64_t changes = 0;   // edges, nodes and fields
  std::uint64_t bytes = 0;     // of the delta's files
  bool wrote_snapshot = false;
};

// Brings the workspace up to date with the store at the cost of what is new: writes the delta on the current
// snapshot, and removes all others but the newest before it. Where there is no snapshot yet, or the log of
// changes does not reach back to it (it has grown past StoreOptions::logged_changes, or none was kept), a
// snapshot is written instead (export_snapshot), and a log is kept from there on. Needs the writer's lock.
// Kill points: deltas.before_prune, deltas.after_prune, and those of write_delta, export_snapshot and
// keep_changes_from.
ExportedDelta export_delta(const GraphStore& store, const Workspace& workspace,
                           const std::filesystem::path& data_root, ProgressSink& progress = no_progress(),
                           Files& files = real_files(), const SnapshotOptions& options = {});

// The newest delta on the current snapshot; nothing if there is none.
std::optional<std::filesystem::path> current_delta(const Workspace& workspace, Files& files = real_files());

// The current snapshot with its newest delta, or with an empty one. Nothing if there is no snapshot. Throws
// Error if one of them is damaged.
std::optional<graph::LiveView> open_live_view(const Workspace& workspace,
                                              graph::Verify verify = graph::Verify::kChecksums,
                                              Files& files = real_files());

}  // namespace weft::storage
