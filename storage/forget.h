// Takes a person, or any other node, out of a store and of the workspace around it, down to the bytes.
//
// What goes: the node, its fields and edges; whatever the rows that name it made beside it (nodes without
// ids, as reviews, with their edges; other edges of the same events); nodes of types that only edges make
// (`only_by_edges`) which are left without any edge; what the quarantine quotes of such rows; the log of
// changes. First-seen times that came from one of its edges become those of the edges that stay. Dense ids
// are not used again: they have an empty name. A tombstone, a keyed hash of the id, keeps rows that name it
// out of the store from then on.
//
// In two steps. forget_node() does all of that in one atomic write; from then on nothing that reads the store
// knows the node. finish_forgetting() removes the bytes: old files of the database by a full compaction,
// cached vectors, snapshots, deltas, feature sets, partitions, stores set aside by repairs, quarantine.jsonl.
// A mark in the store tells that the second step is due; ingest() does it before anything else where a killed
// run has left it. Backups and trained models are not touched.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/progress.h"
#include "storage/graph_store.h"
#include "storage/project.h"
#include "storage/workspace.h"

namespace weft::storage {

struct ForgetReport {
  bool known = false;      // the store had it
  bool forgotten = false;  // before this call: there is a tombstone
  graph::NodeRef node = {};
  std::vector<std::uint64_t> nodes = {};  // [node type] that went, it included
  std::vector<std::uint64_t> edges = {};  // [edge type]
  std::uint64_t fields = 0;               // values
  std::uint64_t first_seen = 0;           // nodes that stay, whose first-seen time is another one now
  std::uint64_t quarantined = 0;          // rows whose excerpts were blanked
};

struct ForgetOptions {
  // [node type] 1: its nodes are made by edges alone, so that one without an edge has nothing left to say.
  // Shorter: 0.
  std::vector<std::uint8_t> only_by_edges = {};
  // Sources may have another text for ids of the node's type than the store: excerpts of all rows go.
  bool spelled_otherwise = false;
  bool dry_run = false;  // report what would go; change nothing
};
// As the project's sections have it.
ForgetOptions forget_options(const Project& project, graph::NodeTypeId type);

// The first step. An id that the store does not have is forgotten too if the quarantine quotes it as a word:
// all of its rows were bad. One that was forgotten before has what the quarantine quotes of it since removed.
// Nothing happens if there is neither. `store` must be its writer, and no NeighbourReader of it may be alive.
// Throws Error, with nothing written, if the store is damaged. Kill points: forget.before_write,
// forget.after_write.
ForgetReport forget_node(GraphStore& store, graph::NodeTypeId type, std::string_view external_id,
                         const ForgetOptions& options = {});

// Rows that name the id are taken again. False if it had no tombstone. Rows that were left out meanwhile are
// not read again.
bool allow_return(GraphStore& store, graph::NodeTypeId type, std::string_view external_id);

// The second step of an earlier forget_node() is due.
bool forgetting_unfinished(const GraphStore& store);

// Files and folders of a workspace that go with it. Those that are there, in this order.
std::vector<std::filesystem::path> forgetful_paths(const Workspace& workspace);

// The second step, if it is due; may be repeated. Opens the database anew, so no reader of `store` may be
// alive. Kill points: forget.after_compaction, forget.after_vectors, forget.after_files,
// forget.before_unmark, forget.after_unmark.
void finish_forgetting(GraphStore& store, const Workspace& workspace, ProgressSink& progress = no_progress(),
                       Files& files = real_files());

}  // namespace weft::storage
