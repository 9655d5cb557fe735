// Writes the files of one field of one node type of a snapshot from a stream of its values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/spool.h"
#include "graph/event.h"
#include "graph/schema.h"
#include "graph/snapshot_folder.h"

namespace weft::graph {

// Values come in ascending order of nodes; nodes that are left out have none. Throws Error on a value of
// another kind than the field's. What it holds in memory does not grow with the nodes; of a category field it
// holds the distinct words.
class FieldWriter {
 public:
  static std::unique_ptr<FieldWriter> make(SnapshotFolder& folder, Scratch& scratch, const NodeType& type,
                                           NodeTypeId id, std::size_t field, std::uint64_t nodes);
  virtual ~FieldWriter() = default;

  virtual void put(NodeId node, const FieldValue& value) = 0;
  // As put() of the same bytes as a text value, without a copy.
  virtual void put_text(NodeId node, std::string_view text) = 0;
  virtual void finish() = 0;
};

}  // namespace weft::graph
