// The snapshots that cleaning over rows leaves of a workspace's snapshots: cleaned/SNAPSHOT-KEY/, where KEY
// tells what was taken away. They can be made again at any time.
#pragma once

#include <filesystem>

#include "base/files.h"
#include "graph/clean_graph.h"
#include "graph/snapshot.h"
#include "graph/split.h"
#include "storage/snapshot_scan.h"
#include "storage/workspace.h"

namespace weft::storage {

struct CleanedGraph {
  graph::Snapshot snapshot;  // what is left; the one given where nothing was to be taken away
  graph::Split split = {};   // of it: the cuts and parts of the split given
  graph::CleanConstants constants = {};
  graph::CleanEdges edges = {};  // of the snapshot given
};

// Cleans a snapshot as the constants say, or finds what an earlier call left, whole by its checksums. Beside
// it lie its constants, KEY.json. Several processes may ask at once: one writes, the others wait. Throws
// Error if a part of the split is left empty.
CleanedGraph cleaned_graph(const Workspace& workspace, const graph::Snapshot& snapshot,
                           const graph::Split& split, graph::CleanConstants constants,
                           const SnapshotOptions& options = {}, Files& files = real_files());

// Removes those whose snapshot is gone. What others have open stays readable to them.
void prune_cleaned_graphs(const Workspace& workspace, Files& files = real_files());

}  // namespace weft::storage
