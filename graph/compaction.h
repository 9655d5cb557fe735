// A live view written as a snapshot: base and delta become one, without the store.
#pragma once

#include <filesystem>
#include <string>

#include "base/files.h"
#include "base/progress.h"
#include "graph/live_view.h"
#include "graph/snapshot_builder.h"

namespace weft::graph {

// Writes `folder`, which must not exist: byte for byte the snapshot that the store would write at the view's
// sequence number. Reads the base once, front to back; memory does not grow with the graph. `data_root` goes
// into the manifest. Kill points: those of graph/snapshot_builder.h.
SnapshotInfo compact(const LiveView& live, const std::filesystem::path& folder, const std::string& data_root,
                     const BuilderOptions& options = {}, ProgressSink& progress = no_progress(),
                     Files& files = real_files());

}  // namespace weft::graph
