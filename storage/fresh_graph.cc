#include "storage/fresh_graph.h"

#include <numeric>
#include <vector>

#include "base/error.h"
#include "storage/change_log.h"

namespace weft::storage {
namespace {

std::uint64_t edges_of(const graph::DeltaBase& base) {
  return std::accumulate(base.edge_counts.begin(), base.edge_counts.end(), std::uint64_t{0});
}

// The current snapshot's manifest; nothing if there is none that can be read: it is written again then.
std::optional<graph::DeltaBase> current_base(const Workspace& workspace, Files& files) {
  try {
    const auto folder = current_snapshot(workspace, files);
    if (folder) return graph::read_delta_base(*folder, files);
  } catch (const Error&) {
  }
  return std::nullopt;
}

bool takes_delta(const GraphStore& store, const graph::DeltaBase& base, const FreshOptions& options) {
  const auto log = change_log(store);
  const std::uint64_t edges = edges_of(base);
  return log && edges >= options.least_edges && base.info.sequence < store.info().sequence &&
         static_cast<double>(log->changes) <= options.delta_share * static_cast<double>(edges);
}

}  // namespace

FreshGraph freshen(const GraphStore& store, const Workspace& workspace,
                   const std::filesystem::path& data_root, const FreshOptions& options,
                   ProgressSink& progress, Files& files) {
  const auto base = current_base(workspace, files);
  const bool delta = options.how == Freshen::kDelta ||
                     (options.how == Freshen::kAuto && base && takes_delta(store, *base, options));
  FreshGraph out;
  if (delta) {
    ExportedDelta exported = export_delta(store, workspace, data_root, progress, files, options.snapshot);
    out.info = graph::read_delta_base(exported.snapshot, files).info;
    out.snapshot = std::move(exported.snapshot);
    out.wrote_snapshot = exported.wrote_snapshot;
    out.delta = std::move(exported.folder);
    out.sequence = exported.sequence;
    out.changes = exported.changes;
    out.delta_bytes = exported.bytes;
    return out;
  }
  ExportedSnapshot exported = export_snapshot(store, workspace, data_root, progress, files, options.snapshot);
  out.snapshot = std::move(exported.folder);
  out.info = std::move(exported.info);
  out.wrote_snapshot = !exported.reused;
  out.sequence = out.info.sequence;
  // They stand on snapshots before it.
  if (std::filesystem::exists(workspace.deltas())) files.remove_all(workspace.deltas());
  const std::vector<std::uint64_t> counts = store.info().edge_counts;
  const std::uint64_t edges = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (change_log(store) || (options.delta_share > 0 && edges >= options.least_edges))
    keep_changes_from(store, out.info.sequence);
  return out;
}

std::optional<graph::DeltaInfo> waiting_delta(const Workspace& workspace, Files& files) {
  const auto base = current_snapshot(workspace, files);
  const auto newest = base ? current_delta(workspace, files) : std::nullopt;
  if (!newest) return std::nullopt;
  graph::DeltaInfo info = graph::read_delta_info(*newest, files);
  if (info.sequence <= graph::read_delta_base(*base, files).info.sequence) return std::nullopt;
  return info;
}

}  // namespace weft::storage
