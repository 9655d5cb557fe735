// Builds a snapshot folder from streams, in memory that does not grow with the graph: the same bytes as
// write_snapshot (graph/snapshot_writer.h) gives for the same graph in tables.
//
// One writer for each node type's ids, each field, and each edge type: all must be made, fed and finished,
// in any order and on any threads, one thread at a time for each. Then seal(), then publish(). Whatever fails
// before publish() returns leaves nothing under the final name; the destructor removes the rest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/spool.h"
#include "base/thread_pool.h"
#include "graph/edge_writer.h"
#include "graph/field_writer.h"
#include "graph/schema.h"
#include "graph/snapshot_folder.h"

namespace weft::graph {

struct BuilderOptions {
  // Bytes of edges on their way into incoming order, all edge types that are written side by side together.
  std::size_t memory = std::size_t{128} << 20;
  ThreadPool* pool = nullptr;  // sorts; null: the thread that feeds does
  // External ids for errors.
  std::function<std::string(NodeRef)> name_of = {};
};

// Ids, first times and events of one node type. The three columns advance each by itself.
class NodeWriter {
 public:
  NodeWriter(SnapshotFolder& folder, const NodeType& type, NodeTypeId id, std::uint64_t nodes);
  // A node without an external id is one that was forgotten.
  void put_id(std::string_view external_id);                   // by ascending dense id
  void put_seen(TimeMs first_seen, EventId event);             // by ascending dense id
  void put_sorted(std::string_view external_id, NodeId node);  // by ascending external id, then dense id
  // Throws Error if a column is not complete.
  void finish();

 private:
  const NodeType& type_;
  std::uint64_t nodes_;
  StringsFile ids_;
  ColumnFile<NodeId> order_;
  ColumnFile<TimeMs> first_seen_;
  ColumnFile<EventId> events_;
  std::string last_;
};

class SnapshotBuilder {
 public:
  // Throws Error if `folder` exists. Kill point: snapshot.before_files.
  SnapshotBuilder(Schema schema, std::vector<std::uint64_t> node_counts, const std::filesystem::path& folder,
                  BuilderOptions options, Files& files = real_files());

  NodeWriter nodes(NodeTypeId type);
  std::unique_ptr<FieldWriter> field(NodeTypeId type, std::size_t field);
  // `sharers` edge types are written side by side with this one and share the memory.
  EdgeWriter edges(EdgeTypeId type, std::size_t sharers = 1);
  // The edges that a finished writer wrote.
  void finished(EdgeTypeId type, const EdgeWriter& writer);

  // The manifest. Kill point: snapshot.before_manifest.
  SnapshotInfo seal(SnapshotInfo info);
  // Kill points: snapshot.before_rename, snapshot.after_rename.
  void publish() { folder_.publish(); }

  // For what waits on disk meanwhile, below the folder until seal(). Not to be used after that.
  Scratch& scratch() { return *scratch_; }
  // On disk at most beside the snapshot's own files.
  std::uint64_t temporary_bytes() const { return scratch_->peak_bytes(); }
  std::uint64_t spilled_runs() const { return scratch_->runs(); }

 private:
  Schema schema_;
  std::vector<std::uint64_t> node_counts_;
  BuilderOptions options_;
  SnapshotFolder folder_;
  std::unique_ptr<Scratch> scratch_;        // below the folder
  std::mutex mutex_;                        // guards what follows
  std::vector<std::uint64_t> edge_counts_;  // [edge type]
  std::uint16_t greatest_source_ = 0;
};

}  // namespace weft::graph
