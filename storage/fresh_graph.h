// What a workspace shows after an ingest: a delta on the current snapshot where little is new, a whole
// snapshot otherwise.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "graph/delta.h"
#include "storage/delta_export.h"
#include "storage/graph_store.h"
#include "storage/snapshot_export.h"
#include "storage/workspace.h"

namespace weft::storage {

enum class Freshen {
  kAuto,     // a delta if it is the cheaper way
  kDelta,    // a delta if there can be one
  kSnapshot  // a whole snapshot
};

struct FreshOptions {
  Freshen how = Freshen::kAuto;
  // kAuto: with more changes than this share of the snapshot's edges a snapshot is written, and whenever it
  // has fewer than `least_edges`: that takes no longer than a moment.
  double delta_share = 0.1;
  std::uint64_t least_edges = 1'000'000;
  SnapshotOptions snapshot = {};
};

struct FreshGraph {
  std::filesystem::path snapshot = {};  // the current one
  graph::SnapshotInfo info = {};        // its
  bool wrote_snapshot = false;
  // What stands on it; an empty folder if it shows all of the store by itself.
  std::filesystem::path delta = {};
  std::uint64_t sequence = 0;  // that is shown: the store's
  std::uint64_t changes = 0;   // edges, nodes and fields of the delta
  std::uint64_t delta_bytes = 0;
};

// Brings the workspace up to date with the store. A log of changes is kept from the snapshot on once a delta
// was asked for or could be the cheaper way next time. Needs the writer's lock: `store` must be open for
// writing. Kill points: those of export_delta and export_snapshot.
FreshGraph freshen(const GraphStore& store, const Workspace& workspace,
                   const std::filesystem::path& data_root, const FreshOptions& options = {},
                   ProgressSink& progress = no_progress(), Files& files = real_files());

// The newest delta on the current snapshot, if it shows more than the snapshot does. Throws Error if its
// manifest is damaged.
std::optional<graph::DeltaInfo> waiting_delta(const Workspace& workspace, Files& files = real_files());

}  // namespace weft::storage
