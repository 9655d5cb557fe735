// Writes snapshot folders. Nothing is visible under the final name until every file and the folder are
// synced.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "graph/csr.h"
#include "graph/event.h"
#include "graph/schema.h"
#include "graph/snapshot.h"

namespace weft::graph {

// All nodes of one type, by dense id.
struct NodeTable {
  std::vector<std::string> external_ids = {};
  std::vector<TimeMs> first_seen = {};               // [nodes]
  std::vector<EventId> events = {};                  // [nodes]
  std::vector<std::vector<FieldValue>> fields = {};  // [field][node]
};

struct GraphTables {
  Schema schema = {};
  SnapshotInfo info = {};             // checksum is filled by the writer
  std::vector<NodeTable> nodes = {};  // [node type]
  std::vector<EdgeList> edges = {};   // [edge type], any order; sorted by the writer
};

// Columns may be left out (empty): first_seen, events, sources and fields then hold "none". Times and weights
// must be there exactly if the edge type has them. External ids must be distinct within a type; those of
// forgotten nodes are empty.
//
// Writes `folder` (which must not exist: an existing one is left as it is and is an Error). Kill points:
// snapshot.before_files, snapshot.after_nodes, snapshot.after_edges, snapshot.before_manifest,
// snapshot.before_rename, snapshot.after_rename. The same tables give the same bytes. Consumes the tables
// (sorts in place, frees as it goes).
SnapshotInfo write_snapshot(GraphTables tables, const std::filesystem::path& folder,
                            Files& files = real_files());

}  // namespace weft::graph
