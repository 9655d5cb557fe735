// What came into a store after a snapshot of it: new nodes and edges, changed fields, edges taken out. A
// delta is small and is held in memory; with its snapshot it makes a LiveView (graph/live_view.h). As a
// folder it is written and opened as snapshots are: under another name first, with a checksum for each file
// (docs/format.md, "Delta").
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "graph/csr.h"
#include "graph/event.h"
#include "graph/schema.h"
#include "graph/snapshot.h"

namespace weft::graph {

struct DeltaInfo {
  std::string store_uuid = {};
  std::uint64_t base_sequence = 0;             // of the snapshot it stands on
  std::uint64_t base_checksum = 0;             // SnapshotInfo::checksum of that
  std::uint64_t sequence = 0;                  // the store's sequence number that both show together
  std::vector<std::string> source_files = {};  // all that edge sources index, the snapshot's first
  bool operator==(const DeltaInfo&) const = default;
};

struct ChangedField {
  NodeId node = kNoNode;
  std::uint16_t field = 0;
  FieldValue value = {};
  bool operator==(const ChangedField&) const = default;
};

// Of one node type.
struct NodeDelta {
  std::uint64_t base_count = 0;                // nodes of the snapshot; new ones follow from this id on
  std::vector<std::string> external_ids = {};  // [new nodes]
  std::vector<TimeMs> first_seen = {};         // [new nodes]
  std::vector<EventId> events = {};            // [new nodes]
  std::vector<NodeId> seen_nodes = {};    // the snapshot's nodes that are now known to be older, ascending
  std::vector<TimeMs> seen_times = {};    // their new first-seen times
  std::vector<ChangedField> fields = {};  // of all nodes, ascending in (node, field)
};

// Of one edge type.
struct EdgeDelta {
  std::uint64_t base_count = 0;  // edges of the snapshot
  EdgeList added = {};           // in order of arrival; all columns that the type has
  EdgeList removed = {};         // of the snapshot; without weights and sources
};

struct Delta {
  DeltaInfo info = {};
  Schema schema = {};
  std::vector<NodeDelta> nodes = {};  // [node type]
  std::vector<EdgeDelta> edges = {};  // [edge type]

  NodeId node_count(NodeTypeId type) const {
    return static_cast<NodeId>(nodes[type].base_count + nodes[type].external_ids.size());
  }
  std::uint64_t changes() const;  // edges, nodes and fields, added or changed
};

// What a delta must know of the snapshot that it stands on.
struct DeltaBase {
  SnapshotInfo info = {};
  Schema schema = {};
  std::vector<std::uint64_t> node_counts = {};  // [node type]
  std::vector<std::uint64_t> edge_counts = {};  // [edge type]
};
// From the snapshot's manifest alone. Throws Error if that is damaged.
DeltaBase read_delta_base(const std::filesystem::path& snapshot, Files& files = real_files());

// Of nothing: with it a snapshot alone is a live view.
Delta empty_delta(const Snapshot& base);

// Throws Error naming `where` unless all columns fit the schema and each other, node ids are in range, and
// lists that must ascend do.
void check_delta(const Delta& delta, const std::string& where);

// Writes `folder`, which must not exist. The same delta gives the same bytes. Returns the bytes of all files.
// Kill points: delta.before_files, delta.before_manifest, delta.before_rename, delta.after_rename.
std::uint64_t write_delta(const Delta& delta, const std::filesystem::path& folder,
                          Files& files = real_files());

// Throws Error naming the file and what is wrong with it.
Delta read_delta(const std::filesystem::path& folder, Files& files = real_files());
// What its manifest says, without reading the rest.
DeltaInfo read_delta_info(const std::filesystem::path& folder, Files& files = real_files());

}  // namespace weft::graph
