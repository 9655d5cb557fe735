// A snapshot of what cleaning over rows leaves of another one: a whole snapshot like any other, with the same
// nodes, of the same store and sequence number.
#pragma once

#include <cstddef>
#include <filesystem>

#include "base/files.h"
#include "base/thread_pool.h"
#include "graph/clean_graph.h"
#include "graph/snapshot.h"

namespace weft::graph {

struct CleanedSnapshotOptions {
  std::size_t memory = std::size_t{128} << 20;  // bytes of edges on their way into incoming order
  ThreadPool* pool = nullptr;                   // sorts them; null: this thread does
};

// Edges that stay keep their order, so their new ids are their ranks among them. Files of nodes, and of edge
// types that lose nothing, are copied as they are. Throws Error if `folder` exists. The same graph and edges
// give the same bytes. Kill points: snapshot.before_files, .before_incoming, .before_manifest,
// .before_rename, .after_rename.
SnapshotInfo write_cleaned_snapshot(const Snapshot& snapshot, const CleanEdges& edges,
                                    const std::filesystem::path& folder,
                                    const CleanedSnapshotOptions& options = {}, Files& files = real_files());

}  // namespace weft::graph
