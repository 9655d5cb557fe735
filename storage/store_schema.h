// The graph's schema with what only the store needs to know about its types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/schema.h"

namespace weft::storage {

struct StoreSchema {
  graph::Schema graph = {};
  // [node type]: nodes are made by events (no id column); their external id is the event id in hexadecimal.
  std::vector<std::uint8_t> from_event = {};
  // [edge type]: made by an as_node field: untimed, and the edges of a node are replaced as a set when a
  // later row gives the field again, as a field's value would be. Such an edge's event id is a hash of its
  // type and ends (so that the same attribute in two rows is one edge), or, where its node is made by an
  // event, that event.
  std::vector<std::uint8_t> attribute = {};
  bool operator==(const StoreSchema&) const = default;

  std::string to_json() const;
  static StoreSchema from_json(std::string_view json, const std::string& file);
};

}  // namespace weft::storage
