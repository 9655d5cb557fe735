// The database of a workspace: every node, field and edge, the dictionaries between external and dense ids,
// which bytes of which source are in (the ledger), and the rows that were refused (the quarantine).
// docs/format.md describes every key and value.
//
// One writer at a time, across processes. Every batch that apply() acknowledged survives kill -9; none is
// ever seen in part. Readers in other processes open the store as a RocksDB secondary: a consistent state as
// of opening or of catch_up().
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "graph/event.h"
#include "graph/ids.h"
#include "graph/schema.h"
#include "graph/snapshot_writer.h"
#include "storage/field_conflicts.h"
#include "storage/store_options.h"
#include "storage/store_schema.h"

namespace weft::storage {

// What is known of one source file. All offsets are in the decompressed stream. Of a partition of a Kafka
// topic: storage/kafka/kafka_reader.h.
struct LedgerEntry {
  std::uint16_t source = 0;       // position in the list of sources
  std::string name = {};          // as the project file gives it
  std::uint64_t bytes = 0;        // ingested prefix
  std::uint64_t prefix_hash = 0;  // xxh3-64 of it
  std::uint64_t lines = 0;        // line ends in it
  std::uint64_t rows = 0;         // rows in it, bad ones included
  std::uint64_t bad_rows = 0;
  std::uint64_t fingerprint = 0;  // of the mapping that read it
  bool operator==(const LedgerEntry&) const = default;
};

struct QuarantinedRow {
  std::uint16_t source = 0;
  std::uint64_t offset =
      0;  // of the row's first byte; with the source it is the key: the same row twice is one entry
  std::uint64_t line = 0;    // counts from 1
  std::string reason = {};   // one of few: "invalid JSON", "missing id", ...
  std::string detail = {};   // "column 'time': 'yesterday' is no time in unit s"
  std::string excerpt = {};  // of the row, at most 200 bytes of printable text
  bool operator==(const QuarantinedRow&) const = default;
};

// One atomic write.
struct EventBatch {
  std::vector<graph::Event> events = {};
  // [node type] how the fields of these rows, all of one source, are ranked against those of others; empty:
  // not at all.
  std::vector<RankRule> ranks = {};
  // Without ranks of their own they take the place of values that stand, and their ranks.
  bool takes_standing_ranks = false;
  std::vector<LedgerEntry> ledger = {};  // new states, replacing the old ones
  std::vector<QuarantinedRow> quarantined = {};
  std::vector<std::pair<std::uint16_t, std::uint64_t>> released =
      {};  // (source, offset) to take out of quarantine
};

struct ApplyResult {
  std::vector<std::uint64_t> new_nodes = {};  // [node type]
  // [edge type] that came, also if they were deleted already; a symmetric pair counts two.
  std::vector<std::uint64_t> new_edges = {};
  std::uint64_t duplicate_events = 0;      // left out: their edges were in the store already
  ConflictCounts conflicts = {};           // of node types whose rows are ranked
  std::uint64_t forgotten_events = 0;      // left out: they name a node that was forgotten
  std::uint64_t deletions = 0;             // of pairs; those of a symmetric type count one
  std::uint64_t deletions_of_nothing = 0;  // that found no edge when they came
  // [edge type] edges that went, those of new_edges among them: what is there grew by the difference.
  std::vector<std::uint64_t> deleted_edges = {};
};

struct Neighbour {
  graph::NodeId node = graph::kNoNode;
  graph::TimeMs time = graph::kNoTime;
  graph::EventId event = graph::kNoEvent;
  float weight = 1.0F;
  std::uint16_t source = 0;
  bool operator==(const Neighbour&) const = default;
};

struct StoreInfo {
  std::string uuid = {};
  std::uint32_t format = 0;
  std::uint64_t sequence = 0;                   // events applied so far, duplicates included
  std::vector<std::uint32_t> node_counts = {};  // [node type]
  std::vector<std::uint64_t> edge_counts = {};  // [edge type]
  // [edge type] that came and do not stand, as they were deleted; of timed types only.
  std::vector<std::uint64_t> deleted_edges = {};
};

class GraphStore {
 public:
  // Opens for writing; creates the store if the folder is absent. Throws Error if another process holds it
  // ("the store is held by process 1234"), if it is not empty and its schema differs (naming the difference),
  // if its format is newer, or if it is damaged.
  static GraphStore open(const std::filesystem::path& folder, const StoreSchema& schema,
                         const StoreOptions& options = {}, Files& files = real_files());
  // As open(), for a store that must exist, with the schema it has.
  static GraphStore open_existing(const std::filesystem::path& folder, const StoreOptions& options = {},
                                  Files& files = real_files());
  // Opens beside a possible writer. apply() on it throws.
  static GraphStore open_reader(const std::filesystem::path& folder, const StoreOptions& options = {},
                                Files& files = real_files());
  static bool exists(const std::filesystem::path& folder);
  // Throws Error if the store was never finished being created. For those that copy its files: one that
  // exists and is not refused then is whole.
  static void refuse_unfinished(const std::filesystem::path& folder);

  GraphStore(GraphStore&&) noexcept;
  GraphStore& operator=(GraphStore&&) noexcept;
  ~GraphStore();

  // Writes nodes, edges, dictionary, ledger and quarantine in one atomic, synced write. Dense ids are given
  // by first appearance: event by event, nodes before edges. Events whose first edge is in the store already
  // are left out whole; a node that is there keeps its fields except those that the event gives. Deletions
  // (EdgeEvent::deletes) name their nodes as edges do, and take edges back as storage/deletions.h says; the
  // edges at a node that a deleted event made, as a review's, go with it where its type is timed. How events
  // are cut into batches changes nothing. Throws Error
  // and writes nothing if an end or type is out of range, a weight is not in [0, 2^32], or a type would pass
  // 2^32 - 2 nodes. Not thread-safe. Kill points: apply.before_write, apply.after_write.
  ApplyResult apply(const EventBatch& batch);

  // The newest `limit` edges of one node in one relation (graph::outgoing_relation(t) or
  // incoming_relation(t)), newest first (equal times: larger node, then larger event first), earlier than
  // `before`; untimed types ignore `before`. Reads at most limit + 1 entries whatever the node's degree.
  // Throws Error if node.type is not the relation's row type. Thread-safe.
  std::vector<Neighbour> neighbours(graph::NodeRef node, graph::RelationId relation, std::size_t limit,
                                    graph::TimeMs before = graph::kEndOfTime) const;

  const StoreSchema& schema() const;
  StoreInfo info() const;
  const std::filesystem::path& folder() const;

  std::optional<graph::NodeId> find_node(graph::NodeTypeId type, std::string_view external_id) const;
  std::optional<std::string> external_id(graph::NodeRef node) const;
  graph::FieldValue field(graph::NodeRef node, std::size_t field) const;  // monostate if missing
  graph::TimeMs first_seen(graph::NodeRef node) const;                    // earliest of its rows and edges

  std::vector<LedgerEntry> ledger() const;  // by source position
  // In (source, offset) order; stops when `visit` returns false.
  void visit_quarantine(const std::function<bool(const QuarantinedRow&)>& visit) const;

  // Media values without a content hash, whose files were missing or damaged when they were looked at, by
  // node type, node and field. Stops when `visit` returns false, which may apply() batches.
  struct UnreadMedia {
    graph::NodeRef node = {};
    std::size_t field = 0;
    std::string path = {};
  };
  void visit_unread_media(const std::function<bool(const UnreadMedia&)>& visit) const;

  // Reader only: follows the writer to its latest acknowledged batch.
  void catch_up();

  // Everything, as tables for graph::write_snapshot: in memory, so for small stores and tests. `data_root`
  // goes into the manifest.
  graph::GraphTables tables(const std::string& data_root) const;
  // What graph::write_snapshot makes of tables(), in bounded memory (storage/snapshot_scan.h).
  graph::SnapshotInfo write_snapshot(const std::filesystem::path& folder, const std::string& data_root) const;

  struct Impl;  // storage/store_impl.h, for the files that make up the store
  Impl& impl() const { return *impl_; }

 private:
  explicit GraphStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::storage
