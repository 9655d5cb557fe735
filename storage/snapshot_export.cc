#include "storage/snapshot_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/strings.h"
#include "graph/delta.h"
#include "storage/cleaned_graphs.h"
#include "storage/store_impl.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

// The name in `current`, checked to be one name and no path.
std::optional<std::string> read_current(const Workspace& workspace, Files& files) {
  const fs::path pointer = workspace.snapshots() / "current";
  if (!fs::exists(pointer)) return std::nullopt;
  const std::string name(trim(files.read_whole(pointer)));
  const bool plain =
      !name.empty() && name.size() < 200 &&
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '-'; });
  if (!plain)
    throw Error("the pointer to the current snapshot is damaged",
                {.file = pointer.string(),
                 .value = excerpt(name),
                 .hint = "remove it and run `weft ingest`, which writes it again"});
  return name;
}

// The snapshot in `folder`, if it is whole and of this state of the store.
std::optional<graph::SnapshotInfo> find_same(const fs::path& folder, const GraphStore& store, Files& files) {
  if (!fs::exists(folder)) return std::nullopt;
  // A source without rows does not move the sequence, but a snapshot names it.
  std::vector<std::string> sources;
  for (const LedgerEntry& entry : store.ledger()) sources.push_back(entry.name);
  const StoreInfo state = store.info();
  const auto is_same = [&](const graph::SnapshotInfo& info) {
    return info.store_uuid == state.uuid && info.sequence == state.sequence && info.source_files == sources;
  };
  // What this process wrote a moment ago need not be read again.
  const auto& fresh = store.impl().fresh_snapshot;
  if (fresh && is_same(*fresh)) return *fresh;
  try {
    const graph::Snapshot snapshot = graph::Snapshot::open(folder, graph::Verify::kChecksums, files);
    if (is_same(snapshot.info())) return snapshot.info();
  } catch (const Error&) {
    // Damaged: written again below.
  }
  return std::nullopt;
}

// SEQUENCE-STORE as export_snapshot names them: twelve digits or more, and eight hexadecimal ones.
bool is_snapshot_name(std::string_view name) {
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos || dash < 12 || name.size() != dash + 9) return false;
  return name.find_first_not_of("0123456789") == dash &&
         name.find_first_not_of("0123456789abcdef", dash + 1) == std::string_view::npos;
}

// Also under the names that killed exports leave.
bool is_ours(std::string_view name) {
  if (name.ends_with(".tmp")) name.remove_suffix(4);
  return name == "current" || is_snapshot_name(name);
}

void prune(const Workspace& workspace, const std::set<std::string>& keep, Files& files) {
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(workspace.snapshots())) {
    const std::string name = entry.path().filename().string();
    if (is_ours(name) && !keep.contains(name)) old.push_back(entry.path());
  }
  std::sort(old.begin(), old.end());
  for (const fs::path& path : old) files.remove_all(path);
}

}  // namespace

std::optional<fs::path> current_snapshot(const Workspace& workspace, Files& files) {
  const auto name = read_current(workspace, files);
  if (!name) return std::nullopt;
  const fs::path folder = workspace.snapshots() / *name;
  if (!fs::is_directory(folder)) {
    throw Error("the current snapshot is not there",
                {.file = folder.string(), .hint = "run `weft ingest`, which writes it again"});
  }
  return folder;
}

std::string snapshot_name(std::uint64_t sequence, const std::string& store_uuid) {
  return fmt::format("{:012}-{}", sequence, store_uuid.substr(0, 8));
}

ExportedSnapshot export_snapshot(const GraphStore& store, const Workspace& workspace,
                                 const fs::path& data_root, ProgressSink& progress, Files& files,
                                 const SnapshotOptions& options) {
  if (!store.impl().secondary_folder.empty())
    throw Error("a snapshot is written by the store's writer only", {.file = store.folder().string()});
  files.make_folders(workspace.snapshots());
  const StoreInfo info = store.info();
  const std::string name = snapshot_name(info.sequence, info.uuid);
  ExportedSnapshot out{.folder = workspace.snapshots() / name};
  if (auto same = find_same(out.folder, store, files)) {
    out.info = std::move(*same);
    out.reused = true;
  } else {
    if (fs::exists(out.folder)) files.remove_all(out.folder);
    files.kill_point("export.before_tables");
    out.info = scan_into_snapshot(store, out.folder, data_root.string(), options, progress, files);
    files.kill_point("export.after_tables");
  }
  files.kill_point("export.before_current");
  std::optional<std::string> before;
  try {
    before = read_current(workspace, files);
  } catch (const Error&) {
    // Damaged: replaced below.
  }
  std::set<std::string> keep = {"current", name};
  if (before == name) {
    // Nothing to point elsewhere; the one before stays whatever it is, as a model may have been trained on
    // it.
    std::string newest;
    for (const auto& entry : fs::directory_iterator(workspace.snapshots())) {
      const std::string other = entry.path().filename().string();
      if (other != name && is_snapshot_name(other) && fs::exists(entry.path() / "manifest.json"))
        newest = std::max(newest, other);
    }
    keep.insert(newest);
  } else {
    files.replace_whole(workspace.snapshots() / "current", name + "\n");
    if (before) keep.insert(*before);
  }
  files.kill_point("export.after_current");
  files.kill_point("export.before_prune");
  prune(workspace, keep, files);
  prune_cleaned_graphs(workspace, files);
  files.kill_point("export.after_prune");
  return out;
}

namespace {

// The highest sequence number of a delta of this store; 0 if there is none.
std::uint64_t newest_delta(const Workspace& workspace, const std::string& store_uuid, Files& files) {
  std::uint64_t newest = 0;
  if (!fs::exists(workspace.deltas())) return newest;
  for (const auto& entry : fs::recursive_directory_iterator(workspace.deltas())) {
    if (entry.path().filename() != "manifest.json") continue;
    try {
      const graph::DeltaInfo info = graph::read_delta_info(entry.path().parent_path(), files);
      if (store_uuid.empty() || info.store_uuid == store_uuid) newest = std::max(newest, info.sequence);
    } catch (const Error&) {
      // One that does not open says nothing.
    }
  }
  return newest;
}

}  // namespace

std::optional<graph::SnapshotInfo> newest_snapshot(const Workspace& workspace, const std::string& store_uuid,
                                                   Files& files) {
  std::optional<graph::SnapshotInfo> newest;
  if (!fs::exists(workspace.snapshots())) return newest;
  for (const auto& entry : fs::directory_iterator(workspace.snapshots())) {
    if (!is_snapshot_name(entry.path().filename().string())) continue;
    try {
      const auto info = graph::Snapshot::open(entry.path(), graph::Verify::kStructure, files).info();
      if (!store_uuid.empty() && info.store_uuid != store_uuid) continue;
      if (!newest || info.sequence > newest->sequence) newest = info;
    } catch (const Error&) {
      // One that does not open says nothing.
    }
  }
  if (newest) newest->sequence = std::max(newest->sequence, newest_delta(workspace, store_uuid, files));
  return newest;
}

}  // namespace weft::storage
