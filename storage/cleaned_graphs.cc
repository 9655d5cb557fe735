#include "storage/cleaned_graphs.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "base/thread_pool.h"
#include "graph/cleaned_snapshot.h"
#include "storage/store_lock.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

// Of one snapshot: settings that are tried in turn need not be written anew each time.
constexpr std::size_t kKept = 4;

// All that the cleaned snapshot depends on, beside the snapshot itself.
std::uint64_t key_of(const graph::CleanEdges& edges) {
  Hasher64 hash;
  for (const auto& keep : edges.keep)
    hash.update_field({reinterpret_cast<const char*>(keep.data()), keep.size()});
  for (const auto& summed : edges.summed) {
    hash.update_field(std::to_string(summed.size()));
    for (const auto& [edge, weight] : summed) hash.update_field(fmt::format("{} {:a}", edge, weight));
  }
  return hash.digest();
}

// The snapshot's name, which is all but the key.
std::string base_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  const std::size_t dash = name.rfind('-');
  return dash == std::string::npos ? std::string() : name.substr(0, dash);
}

std::optional<graph::Snapshot> open_whole(const fs::path& folder, Files& files) {
  if (!fs::exists(folder)) return std::nullopt;
  try {
    return graph::Snapshot::open(folder, graph::Verify::kChecksums, files);
  } catch (const Error&) {
    return std::nullopt;  // damaged: written again
  }
}

void remove_with_constants(const fs::path& folder, Files& files) {
  files.remove_all(folder);
  files.remove_all(fs::path(folder) += ".json");
}

// The oldest of the snapshot's others, past kKept.
void prune_siblings(const fs::path& folder, Files& files) {
  std::vector<std::pair<fs::file_time_type, fs::path>> others;
  for (const auto& entry : fs::directory_iterator(folder.parent_path())) {
    if (entry.is_directory() && entry.path() != folder && base_of(entry.path()) == base_of(folder))
      others.emplace_back(entry.last_write_time(), entry.path());
  }
  std::sort(others.begin(), others.end(), std::greater<>());
  for (std::size_t i = kKept - 1; i < others.size(); ++i) remove_with_constants(others[i].second, files);
}

graph::Snapshot write(const Workspace& workspace, const graph::Snapshot& snapshot,
                      const CleanedGraph& cleaned, const fs::path& folder, const SnapshotOptions& options,
                      Files& files) {
  files.make_folders(workspace.cleaned());
  const StoreLock lock = StoreLock::wait(workspace.cleaned() / "write.lock", "the cleaned graphs");
  if (auto there = open_whole(folder, files)) return std::move(*there);  // another process was quicker
  prune_cleaned_graphs(workspace, files);
  remove_with_constants(folder, files);
  std::optional<ThreadPool> pool;
  if (options.threads > 1) pool.emplace(options.threads);
  files.replace_whole(fs::path(folder) += ".json", cleaned.constants.to_text(snapshot.schema()));
  graph::write_cleaned_snapshot(snapshot, cleaned.edges, folder,
                                {.memory = options.memory, .pool = pool ? &*pool : nullptr}, files);
  prune_siblings(folder, files);
  return graph::Snapshot::open(folder, graph::Verify::kStructure, files);  // written a moment ago
}

}  // namespace

CleanedGraph cleaned_graph(const Workspace& workspace, const graph::Snapshot& snapshot,
                           const graph::Split& split, graph::CleanConstants constants,
                           const SnapshotOptions& options, Files& files) {
  CleanedGraph out{.snapshot = snapshot, .split = split, .constants = std::move(constants)};
  out.edges = graph::clean_edges(snapshot, split, out.constants);
  if (!out.edges.changes_anything()) return out;
  out.split = graph::split_of_kept(snapshot, split, out.edges.keep);
  const fs::path folder = workspace.cleaned() / fmt::format("{}-{}", snapshot.folder().filename().string(),
                                                            to_hex(key_of(out.edges)));
  if (auto there = open_whole(folder, files)) {
    out.snapshot = std::move(*there);
  } else {
    out.snapshot = write(workspace, snapshot, out, folder, options, files);
  }
  return out;
}

void prune_cleaned_graphs(const Workspace& workspace, Files& files) {
  if (!fs::is_directory(workspace.cleaned())) return;
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(workspace.cleaned())) {
    fs::path name = entry.path().filename();
    if (name == "write.lock") continue;
    if (name.extension() == ".json" || name.extension() == ".tmp") name = name.stem();
    if (!fs::is_directory(workspace.snapshots() / base_of(name))) old.push_back(entry.path());
  }
  std::sort(old.begin(), old.end());
  for (const fs::path& path : old) files.remove_all(path);
}

}  // namespace weft::storage
