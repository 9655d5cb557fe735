// An immutable, memory-mapped view of the whole graph at one sequence number of the store.
//
// A folder of flat little-endian files and a manifest.json (docs/format.md describes every byte). Cheap to
// share between threads; all spans live as long as the Snapshot (or a copy of it: copies share the maps).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "graph/columns.h"
#include "graph/csr.h"
#include "graph/schema.h"

namespace weft::graph {

enum class Verify {
  kStructure,
  kChecksums
};  // sizes, monotone offsets and target ranges; or these and every file's xxh3

struct SnapshotInfo {
  std::string store_uuid = {};
  std::uint64_t sequence = 0;  // the store's sequence number it shows
  std::string data_root = {};  // media paths resolve below it
  std::vector<std::string> source_files =
      {};                      // names that edge sources index, as the project file gives them
  std::uint64_t checksum = 0;  // of the manifest's list of files and checksums: names the content
};

// Per-edge columns by edge id (the outgoing order).
struct EdgeColumns {
  std::span<const EventId> events = {};
  std::span<const std::uint16_t> sources = {};  // index into SnapshotInfo::source_files
  std::span<const float> weights = {};          // empty if unweighted
};

class Snapshot {
 public:
  // Throws Error naming the file and what is wrong with it.
  static Snapshot open(const std::filesystem::path& folder, Verify verify = Verify::kChecksums,
                       Files& files = real_files());

  const SnapshotInfo& info() const;
  const Schema& schema() const;
  const std::filesystem::path& folder() const;

  NodeId node_count(NodeTypeId type) const;
  std::uint64_t edge_count(EdgeTypeId type) const;
  CsrView outgoing(EdgeTypeId type) const;
  CsrView incoming(EdgeTypeId type) const;
  CsrView relation(RelationId id) const {
    return is_incoming(id) ? incoming(edge_type_of(id)) : outgoing(edge_type_of(id));
  }
  EdgeColumns edge_columns(EdgeTypeId type) const;
  std::vector<NodeId> edge_rows(
      EdgeTypeId type) const;  // the source node of each edge id (offsets spelled out)

  std::string_view external_id(NodeRef node) const;  // empty: the node was forgotten
  // A node that was taken out of the store: its dense id stays, without edges, fields or time.
  bool is_forgotten(NodeRef node) const { return external_id(node).empty(); }
  std::uint64_t forgotten_nodes(NodeTypeId type) const;                                  // O(log n)
  std::optional<NodeId> find_node(NodeTypeId type, std::string_view external_id) const;  // O(log n)
  // The nodes in ascending byte order of their external ids; forgotten ones first.
  std::span<const NodeId> id_order(NodeTypeId type) const;
  // What people are shown: the name field if there is one and it is not missing, else the external id.
  std::string display_name(NodeRef node) const;
  std::span<const TimeMs> first_seen(NodeTypeId type) const;  // [nodes], kNoTime if no timed event made it
  std::span<const EventId> node_events(NodeTypeId type)
      const;  // [nodes], the event that made a node of a type without ids; kNoEvent otherwise

  // Each throws Error if the field is of another kind. `field` is the position in NodeType::fields.
  NumberColumn numbers(NodeTypeId type, std::size_t field) const;
  CategoryColumn categories(NodeTypeId type, std::size_t field) const;
  StringColumn texts(NodeTypeId type, std::size_t field) const;
  MediaColumn media(NodeTypeId type, std::size_t field) const;

 private:
  struct Mapped;
  explicit Snapshot(std::shared_ptr<const Mapped> mapped) : mapped_(std::move(mapped)) {}
  std::shared_ptr<const Mapped> mapped_;
};

}  // namespace weft::graph
