// What one row of a source means for the graph, in external ids: the unit that ingest writes, that splits
// assign and that masks hide.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "graph/ids.h"

namespace weft::graph {

// A media file: its path relative to the data root and the xxh3-128 of its bytes as 32 hexadecimal digits
// (empty: the file was missing or unreadable when the row was read).
struct MediaValue {
  std::string path = {};
  std::string content_hash = {};
  bool operator==(const MediaValue&) const = default;
};

// A field's value: missing, number, categories (several where the field has a separator), text, media.
using FieldValue = std::variant<std::monostate, double, std::vector<std::string>, std::string, MediaValue>;

struct NodeEvent {
  NodeTypeId type = 0;
  std::string external_id = {};
  // By field position; shorter than the type's field list or missing values leave stored values as they are.
  std::vector<FieldValue> fields = {};
  TimeMs time = kNoTime;
};

struct EdgeEvent {
  EdgeTypeId type = 0;
  std::string from = {};  // external ids
  std::string to = {};
  TimeMs time = kNoTime;
  double weight = 1.0;
  // Not an edge, but the deletion of those of this pair: in a timed type of all up to `time`, those that come
  // later too; in an untimed one of all that came before.
  bool deletes = false;
  bool at_time_only = false;  // a deletion in a timed type: of those at just `time`
};

struct Event {
  EventId id = kNoEvent;
  std::uint16_t source = 0;  // index into the store's list of source files
  std::vector<NodeEvent> nodes = {};
  std::vector<EdgeEvent> edges = {};
};

}  // namespace weft::graph
