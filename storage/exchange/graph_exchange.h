// A graph in files that other programs read, and back: `weft export`, `weft import`. docs/exchange.md
// describes the files.
//
// An exported folder holds each node type's dictionary and fields and each edge type's edges, in Parquet or
// in NumPy's arrays with JSON lines beside them, and a manifest.json that names them with their checksums.
// What is imported gives the snapshot that was exported: the same files, to the byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/progress.h"
#include "graph/snapshot.h"
#include "graph/snapshot_writer.h"
#include "storage/project.h"
#include "storage/store_schema.h"

namespace weft::storage {

enum class ExchangeFormat { kParquet, kNpy };
// "parquet", "npy".
std::string_view exchange_format_name(ExchangeFormat format);

// Writes more files into the folder before its manifest is; returns their names below it.
using ExtraFiles = std::function<std::vector<std::string>(const std::filesystem::path& folder)>;

struct ExportReport {
  std::uint64_t nodes = 0, edges = 0, files = 0, bytes = 0;
};

// Writes `folder`, which must not exist, under another name first: nothing half-written is ever there. Memory
// does not grow with the graph's columns beyond one edge type's rows (graph::Snapshot::edge_rows). `schema`
// must be the store's that the snapshot was written of. The same snapshot gives the same files. Throws Error
// naming the file. Kill points: exchange.before_files, exchange.before_manifest, exchange.before_rename,
// exchange.after_rename.
ExportReport export_graph(const graph::Snapshot& snapshot, const StoreSchema& schema,
                          const std::filesystem::path& folder, ExchangeFormat format,
                          const ExtraFiles& extra = {}, ProgressSink& progress = no_progress(),
                          Files& files = real_files());

struct ExportedGraph {
  ExchangeFormat format = ExchangeFormat::kParquet;
  std::string store_uuid = {};  // of the store it came from
  std::uint64_t sequence = 0;
  std::uint64_t snapshot_checksum = 0;
  StoreSchema schema = {};
  graph::GraphTables tables = {};
};
// Everything, in memory. Throws Error naming the file for one that is missing, damaged, or does not fit the
// manifest. Extra files are only compared with their checksums.
ExportedGraph read_exported(const std::filesystem::path& folder, ProgressSink& progress = no_progress(),
                            Files& files = real_files());

struct ImportReport {
  std::uint64_t nodes = 0, edges = 0;
  std::filesystem::path snapshot = {};
};

// Makes the store and the snapshot of `project`'s workspace, which must have neither, from an exported
// folder. Its schema must be the project's. Source files count as not yet read: the next ingest reads them
// whole, and what they hold of the graph already is known by its event ids and is not taken twice. A graph
// with forgotten nodes is refused. Builds the workspace beside, and renames it only once its snapshot has the
// checksum of the exported one. Throws Error. Kill points: import.before_store, import.before_rename,
// import.between_renames, import.after_rename.
ImportReport import_graph(const Project& project, const std::filesystem::path& folder,
                          ProgressSink& progress = no_progress(), Files& files = real_files());

}  // namespace weft::storage
