// What a bulk load gives to the snapshot that is written beside its table files. Without a snapshot all of it
// does nothing.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "graph/snapshot_builder.h"
#include "storage/bulk/records.h"
#include "storage/bulk/rows_turned.h"
#include "storage/keys.h"

namespace weft::storage {

// All values of the column family `fields`, in the order of its keys.
class FieldsBeside {
 public:
  FieldsBeside(graph::SnapshotBuilder* builder, const graph::Schema& schema)
      : builder_(builder), schema_(schema) {}
  // As FieldCursor has it: node type, node, field; the encoded value.
  void put(std::uint64_t key, std::string_view value);
  void finish();

 private:
  void go_to(std::size_t type);

  graph::SnapshotBuilder* builder_;
  const graph::Schema& schema_;
  std::size_t next_type_ = 0;                                 // the first whose files are not begun
  std::vector<std::unique_ptr<graph::FieldWriter>> writers_;  // of the type before
};

class SnapshotBeside;

// One edge type's outgoing edges, in the order of their keys.
class EdgesBeside {
 public:
  EdgesBeside(SnapshotBeside* owner, graph::EdgeTypeId type);
  void put(const EdgeRecord& edge) {
    if (state_) put_one(edge);
  }
  void finish();

 private:
  struct State {
    graph::EdgeWriter writer;
    RowsTurned rows;
  };
  void put_one(const EdgeRecord& edge);

  SnapshotBeside* owner_;
  graph::EdgeTypeId type_;
  std::unique_ptr<State> state_;  // null: no snapshot
};

class SnapshotBeside {
 public:
  // `builder` may be null. `memory` bytes are for long rows of one edge type; `threads` tasks run at once.
  SnapshotBeside(graph::SnapshotBuilder* builder, const graph::Schema& schema, Scratch& scratch,
                 std::size_t memory, std::size_t threads)
      : builder_(builder), schema_(schema), scratch_(scratch), memory_(memory), threads_(threads) {}

  std::optional<graph::NodeWriter> nodes(graph::NodeTypeId type);
  FieldsBeside fields() { return {builder_, schema_}; }
  // Does nothing for the family `incoming`, which follows from the other.
  EdgesBeside edges(graph::EdgeTypeId type, Family family);

  // Weights add up to too much: there is no such snapshot, as export_snapshot will say.
  bool abandoned() const { return abandoned_; }

 private:
  friend class EdgesBeside;
  graph::SnapshotBuilder* builder_;
  const graph::Schema& schema_;
  Scratch& scratch_;
  std::size_t memory_, threads_;
  std::atomic<bool> abandoned_ = false;
};

}  // namespace weft::storage
