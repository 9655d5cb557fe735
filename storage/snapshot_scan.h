// A snapshot from scans of the store, on several threads, in memory that does not grow with the store.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/progress.h"
#include "graph/field_writer.h"
#include "graph/snapshot.h"
#include "storage/graph_store.h"

namespace weft::storage {

struct SnapshotOptions {
  std::size_t memory = std::size_t{512} << 20;  // bytes: edges and blocks of the store on their way
  std::size_t threads = 0;                      // 0: one a core
  std::size_t nodes_per_piece = 8192;           // that one thread reads at a time
  std::size_t row_in_memory = 64 << 10;         // edges of one row; a longer row is read backwards
};

// The store's present state as graph::write_snapshot(store.tables(data_root)) would write it, byte for byte.
// Kill points: those of graph/snapshot_builder.h, snapshot.after_nodes, snapshot.after_edges.
graph::SnapshotInfo scan_into_snapshot(const GraphStore& store, const std::filesystem::path& folder,
                                       const std::string& data_root, const SnapshotOptions& options,
                                       ProgressSink& progress = no_progress(), Files& files = real_files());

// Gives a value of the column family `fields` to its writer. False if the bytes are no such value.
bool put_stored_field(graph::FieldWriter& writer, graph::NodeId node, std::string_view bytes);

}  // namespace weft::storage
