// The small words of the graph: node, edge, relation, event and time identifiers.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace weft::graph {

using NodeTypeId = std::uint16_t;  // position in the schema
using EdgeTypeId = std::uint16_t;  // position in the schema
using NodeId = std::uint32_t;      // dense within its node type, numbered by first appearance, never reused
using EdgeId = std::uint32_t;      // position in the edge type's outgoing CSR
using EventId = std::uint64_t;     // one row of a source; shared by all nodes and edges that the row made
using TimeMs = std::int64_t;       // milliseconds since 1970-01-01 UTC

inline constexpr NodeId kNoNode = std::numeric_limits<NodeId>::max();
inline constexpr EdgeId kNoEdge = std::numeric_limits<EdgeId>::max();
inline constexpr EventId kNoEvent = 0;
inline constexpr TimeMs kNoTime = std::numeric_limits<TimeMs>::min();     // "has no time": before everything
inline constexpr TimeMs kEndOfTime = std::numeric_limits<TimeMs>::max();  // as a bound: sees everything

// A node of any type.
struct NodeRef {
  NodeTypeId type = 0;
  NodeId id = kNoNode;
  auto operator<=>(const NodeRef&) const = default;
};

// A direction of an edge type: messages flow against it, from the targets of a row to the row's node.
using RelationId = std::uint16_t;
constexpr RelationId outgoing_relation(EdgeTypeId type) {
  return static_cast<RelationId>(2 * type);
}
constexpr RelationId incoming_relation(EdgeTypeId type) {
  return static_cast<RelationId>(2 * type + 1);
}
constexpr EdgeTypeId edge_type_of(RelationId relation) {
  return static_cast<EdgeTypeId>(relation / 2);
}
constexpr bool is_incoming(RelationId relation) {
  return relation % 2 == 1;
}

}  // namespace weft::graph
