// What kinds of nodes, fields and edges a graph has. A value type: copied into the store, the snapshot's
// manifest and models.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/ids.h"

namespace weft::graph {

enum class FieldKind { kNumber, kCategory, kText, kImage, kAudio };
std::string_view field_kind_name(FieldKind kind);  // "number", ...
std::optional<FieldKind> find_field_kind(std::string_view name);
constexpr bool is_media(FieldKind kind) {
  return kind == FieldKind::kImage || kind == FieldKind::kAudio;
}

struct Field {
  std::string name = {};
  FieldKind kind = FieldKind::kNumber;
  bool operator==(const Field&) const = default;
};

struct NodeType {
  std::string name = {};
  std::vector<Field> fields = {};
  std::string name_field = {};  // the text field shown to people; empty: the external id is shown
  bool operator==(const NodeType&) const = default;
  std::optional<std::size_t> find_field(std::string_view field) const;
};

// Every edge type has its reverse (the incoming relation). A symmetric one (from == to) holds both directions
// of each row as two edges of one event, so its incoming relation repeats the outgoing one and is left out of
// Schema::relations().
struct EdgeType {
  std::string name = {};
  NodeTypeId from = 0;
  NodeTypeId to = 0;
  bool timed = false;
  bool weighted = false;
  bool symmetric = false;
  bool operator==(const EdgeType&) const = default;
};

class Schema {
 public:
  // Each throws Error on a repeated name, an unknown node type, or more than 2^15 - 1 types.
  NodeTypeId add_node_type(NodeType type);
  EdgeTypeId add_edge_type(EdgeType type);

  const std::vector<NodeType>& node_types() const { return node_types_; }
  const std::vector<EdgeType>& edge_types() const { return edge_types_; }
  const NodeType& node_type(NodeTypeId id) const { return node_types_.at(id); }
  const EdgeType& edge_type(EdgeTypeId id) const { return edge_types_.at(id); }
  std::optional<NodeTypeId> find_node_type(std::string_view name) const;
  std::optional<EdgeTypeId> find_edge_type(std::string_view name) const;
  // As find_*, but throws Error (kUsage) naming the known types and the nearest one.
  NodeTypeId node_type_named(std::string_view name) const;
  EdgeTypeId edge_type_named(std::string_view name) const;

  // The relations a message may take, ascending; the redundant half of symmetric types left out.
  std::vector<RelationId> relations() const;
  NodeTypeId row_type(
      RelationId relation) const;  // whose rows the relation's CSR has (receivers of messages)
  NodeTypeId target_type(RelationId relation) const;     // what the rows hold (senders of messages)
  std::string relation_name(RelationId relation) const;  // "buys" or "rev_buys"

  bool operator==(const Schema&) const = default;

  std::string to_json() const;                                              // stable text, part of manifests
  static Schema from_json(std::string_view json, const std::string& file);  // throws Error naming `file`

 private:
  std::vector<NodeType> node_types_;
  std::vector<EdgeType> edge_types_;
};

}  // namespace weft::graph
