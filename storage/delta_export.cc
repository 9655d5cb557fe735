#include "storage/delta_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "storage/change_log.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKept = 2;  // the newest, and the one that a reader may still be opening

// Twelve digits or more, so that byte order is the order of sequence numbers below 10^12.
bool is_delta_name(std::string_view name) {
  if (name.ends_with(".tmp")) name.remove_suffix(4);
  return name.size() >= 12 && name.find_first_not_of("0123456789") == std::string_view::npos;
}

// Whole deltas in a folder, by ascending sequence number.
std::vector<fs::path> deltas_in(const fs::path& folder) {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (is_delta_name(name) && !name.ends_with(".tmp")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
    const std::string x = a.filename().string(), y = b.filename().string();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return found;
}

// Removes the deltas of other snapshots, what killed writers left, and all but the newest of this one.
void prune(const Workspace& workspace, const std::string& snapshot, Files& files) {
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(workspace.deltas())) {
    if (entry.path().filename() != snapshot) old.push_back(entry.path());
  }
  const fs::path folder = workspace.deltas() / snapshot;
  const std::vector<fs::path> whole = deltas_in(folder);
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      const bool kept = std::find(whole.end() - static_cast<std::ptrdiff_t>(std::min(kKept, whole.size())),
                                  whole.end(), entry.path()) != whole.end();
      if (!kept && is_delta_name(entry.path().filename().string())) old.push_back(entry.path());
    }
  }
  std::sort(old.begin(), old.end());
  files.kill_point("deltas.before_prune");
  for (const fs::path& path : old) files.remove_all(path);
  files.kill_point("deltas.after_prune");
}

// What is there under the name, if it is whole and just this delta's.
bool is_there(const fs::path& folder, const graph::DeltaInfo& info, Files& files) {
  if (!fs::exists(folder)) return false;
  try {
    if (graph::read_delta(folder, files).info == info) return true;
  } catch (const Error&) {
    // Damaged: written again.
  }
  files.remove_all(folder);
  return false;
}

// The current snapshot and what the log says came after it; nothing if a snapshot must be written.
std::optional<std::pair<fs::path, graph::Delta>> on_current(const GraphStore& store,
                                                            const Workspace& workspace, Files& files) {
  std::optional<fs::path> base;
  graph::DeltaBase known;
  try {
    base = current_snapshot(workspace, files);
    if (base) known = graph::read_delta_base(*base, files);
  } catch (const Error&) {
    return std::nullopt;  // damaged: export_snapshot writes it again
  }
  if (!base) return std::nullopt;
  auto delta = changes_since(store, known);
  if (!delta) return std::nullopt;
  return std::pair(*base, std::move(*delta));
}

}  // namespace

ExportedDelta export_delta(const GraphStore& store, const Workspace& workspace, const fs::path& data_root,
                           ProgressSink& progress, Files& files, const SnapshotOptions& options) {
  files.make_folders(workspace.deltas());
  ExportedDelta out;
  if (auto found = on_current(store, workspace, files)) {
    const auto& [base, delta] = *found;
    out.snapshot = base;
    out.sequence = delta.info.sequence;
    out.changes = delta.changes();
    if (out.sequence > delta.info.base_sequence) {
      const fs::path folder = workspace.deltas() / base.filename();
      files.make_folders(folder);
      out.folder = folder / fmt::format("{:012}", out.sequence);
      if (!is_there(out.folder, delta.info, files)) graph::write_delta(delta, out.folder, files);
      for (const auto& entry : fs::directory_iterator(out.folder)) out.bytes += entry.file_size();
    }
  } else {
    const ExportedSnapshot exported = export_snapshot(store, workspace, data_root, progress, files, options);
    keep_changes_from(store, exported.info.sequence);
    out.snapshot = exported.folder;
    out.sequence = exported.info.sequence;
    out.wrote_snapshot = !exported.reused;
  }
  prune(workspace, out.snapshot.filename().string(), files);
  return out;
}

std::optional<fs::path> current_delta(const Workspace& workspace, Files& files) {
  const auto base = current_snapshot(workspace, files);
  if (!base) return std::nullopt;
  const std::vector<fs::path> found = deltas_in(workspace.deltas() / base->filename());
  if (found.empty()) return std::nullopt;
  return found.back();
}

std::optional<graph::LiveView> open_live_view(const Workspace& workspace, graph::Verify verify,
                                              Files& files) {
  const auto base = current_snapshot(workspace, files);
  if (!base) return std::nullopt;
  graph::Snapshot snapshot = graph::Snapshot::open(*base, verify, files);
  if (const auto newest = current_delta(workspace, files))
    return graph::LiveView(std::move(snapshot), graph::read_delta(*newest, files));
  graph::Delta none = graph::empty_delta(snapshot);
  return graph::LiveView(std::move(snapshot), std::move(none));
}

}  // namespace weft::storage
