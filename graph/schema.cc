#include "graph/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"
#include "graph/json_fields.h"

namespace weft::graph {
namespace {

constexpr std::size_t kMaxTypes = (1U << 15) - 1;
constexpr FieldKind kFieldKinds[] = {FieldKind::kNumber, FieldKind::kCategory, FieldKind::kText,
                                     FieldKind::kImage, FieldKind::kAudio};

void check_name(const std::string& what, const std::string& name) {
  if (name.empty()) throw Error(what + " without a name", {}, ErrorKind::kUsage);
  if (!is_utf8(name))
    throw Error("name of " + what + " is not UTF-8", {.value = excerpt(name)}, ErrorKind::kUsage);
}

template <typename T>
std::optional<std::size_t> find_name(const std::vector<T>& items, std::string_view name) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
  if (found == items.end()) return std::nullopt;
  return static_cast<std::size_t>(found - items.begin());
}

template <typename T>
[[noreturn]] void fail_unknown(const std::string& what, const std::vector<T>& items, std::string_view name) {
  std::vector<std::string> names;
  for (const T& item : items) names.push_back(item.name);
  ErrorContext context{.value = excerpt(name), .expected = "one of: " + join(names)};
  if (const std::string nearest = nearest_word(name, names); !nearest.empty()) {
    context.hint = "did you mean \"" + nearest + "\"?";
  }
  throw Error("unknown " + what, std::move(context), ErrorKind::kUsage);
}

template <typename T>
void check_new(const std::string& what, const std::vector<T>& items, const std::string& name) {
  check_name(what, name);
  if (find_name(items, name)) throw Error(what + " is named twice", {.value = name}, ErrorKind::kUsage);
  if (items.size() >= kMaxTypes) {
    throw Error(fmt::format("more than {} of: {}", kMaxTypes, what), {.value = name}, ErrorKind::kUsage);
  }
}

NodeTypeId read_node_type_index(const JsonObject& edge, const char* key, std::size_t node_types) {
  if (node_types == 0) edge.fail(key, "a node type");
  return static_cast<NodeTypeId>(edge.number(key, node_types - 1));
}

}  // namespace

std::string_view field_kind_name(FieldKind kind) {
  switch (kind) {
    case FieldKind::kNumber:
      return "number";
    case FieldKind::kCategory:
      return "category";
    case FieldKind::kText:
      return "text";
    case FieldKind::kImage:
      return "image";
    case FieldKind::kAudio:
      return "audio";
  }
  WEFT_CHECK(false && "field kind");
}

std::optional<FieldKind> find_field_kind(std::string_view name) {
  for (const FieldKind kind : kFieldKinds) {
    if (field_kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

std::optional<std::size_t> NodeType::find_field(std::string_view field) const {
  return find_name(fields, field);
}

NodeTypeId Schema::add_node_type(NodeType type) {
  check_new("node type", node_types_, type.name);
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    check_name("field of node type " + type.name, type.fields[i].name);
    if (type.find_field(type.fields[i].name) != i) {
      throw Error("field of node type " + type.name + " is named twice", {.value = type.fields[i].name},
                  ErrorKind::kUsage);
    }
  }
  if (!type.name_field.empty()) {
    const auto field = type.find_field(type.name_field);
    if (!field) fail_unknown("name field of node type " + type.name, type.fields, type.name_field);
    if (type.fields[*field].kind != FieldKind::kText) {
      throw Error("name field of node type " + type.name + " is no text",
                  {.value = type.name_field, .expected = "a field of kind text"}, ErrorKind::kUsage);
    }
  }
  node_types_.push_back(std::move(type));
  return static_cast<NodeTypeId>(node_types_.size() - 1);
}

EdgeTypeId Schema::add_edge_type(EdgeType type) {
  check_new("edge type", edge_types_, type.name);
  if (type.from >= node_types_.size() || type.to >= node_types_.size()) {
    throw Error("edge type joins a node type that is not there", {.value = type.name}, ErrorKind::kUsage);
  }
  if (type.symmetric && type.from != type.to) {
    throw Error("symmetric edge type joins two node types",
                {.value = type.name, .expected = "the same node type at both ends"}, ErrorKind::kUsage);
  }
  edge_types_.push_back(std::move(type));
  return static_cast<EdgeTypeId>(edge_types_.size() - 1);
}

std::optional<NodeTypeId> Schema::find_node_type(std::string_view name) const {
  const auto found = find_name(node_types_, name);
  if (!found) return std::nullopt;
  return static_cast<NodeTypeId>(*found);
}

std::optional<EdgeTypeId> Schema::find_edge_type(std::string_view name) const {
  const auto found = find_name(edge_types_, name);
  if (!found) return std::nullopt;
  return static_cast<EdgeTypeId>(*found);
}

NodeTypeId Schema::node_type_named(std::string_view name) const {
  const auto found = find_node_type(name);
  if (!found) fail_unknown("node type", node_types_, name);
  return *found;
}

EdgeTypeId Schema::edge_type_named(std::string_view name) const {
  const auto found = find_edge_type(name);
  if (!found) fail_unknown("edge type", edge_types_, name);
  return *found;
}

std::vector<RelationId> Schema::relations() const {
  std::vector<RelationId> result;
  for (std::size_t type = 0; type < edge_types_.size(); ++type) {
    const auto id = static_cast<EdgeTypeId>(type);
    result.push_back(outgoing_relation(id));
    if (!edge_types_[type].symmetric) result.push_back(incoming_relation(id));
  }
  return result;
}

NodeTypeId Schema::row_type(RelationId relation) const {
  const EdgeType& type = edge_type(edge_type_of(relation));
  return is_incoming(relation) ? type.to : type.from;
}

NodeTypeId Schema::target_type(RelationId relation) const {
  const EdgeType& type = edge_type(edge_type_of(relation));
  return is_incoming(relation) ? type.from : type.to;
}

std::string Schema::relation_name(RelationId relation) const {
  const EdgeType& type = edge_type(edge_type_of(relation));
  return is_incoming(relation) ? "rev_" + type.name : type.name;
}

std::string Schema::to_json() const {
  Json nodes = Json::array();
  for (const NodeType& type : node_types_) {
    Json fields = Json::array();
    for (const Field& field : type.fields) {
      fields.push_back({{"name", field.name}, {"kind", std::string(field_kind_name(field.kind))}});
    }
    nodes.push_back({{"name", type.name}, {"fields", fields}, {"name_field", type.name_field}});
  }
  Json edges = Json::array();
  for (const EdgeType& type : edge_types_) {
    edges.push_back({{"name", type.name},
                     {"from", type.from},
                     {"to", type.to},
                     {"timed", type.timed},
                     {"weighted", type.weighted},
                     {"symmetric", type.symmetric}});
  }
  return Json{{"node_types", nodes}, {"edge_types", edges}}.dump(1);
}

Schema Schema::from_json(std::string_view json, const std::string& file) {
  return read_schema(parse_json(json, file), file);
}

Schema read_schema(const Json& json, const std::string& file) {
  const JsonObject root(json, file, "schema.");
  Schema schema;
  try {
    for (std::size_t i = 0; i < root.array("node_types").size(); ++i) {
      const JsonObject node = root.element("node_types", i);
      NodeType type{.name = node.string("name"), .name_field = node.string("name_field")};
      for (std::size_t f = 0; f < node.array("fields").size(); ++f) {
        const JsonObject field = node.element("fields", f);
        const auto kind = find_field_kind(field.string("kind"));
        if (!kind) field.fail("kind", "number, category, text, image or audio");
        type.fields.push_back({field.string("name"), *kind});
      }
      schema.add_node_type(std::move(type));
    }
    for (std::size_t i = 0; i < root.array("edge_types").size(); ++i) {
      const JsonObject edge = root.element("edge_types", i);
      schema.add_edge_type({.name = edge.string("name"),
                            .from = read_node_type_index(edge, "from", schema.node_types().size()),
                            .to = read_node_type_index(edge, "to", schema.node_types().size()),
                            .timed = edge.boolean("timed"),
                            .weighted = edge.boolean("weighted"),
                            .symmetric = edge.boolean("symmetric")});
    }
  } catch (const Error& error) {
    if (!error.context().file.empty()) throw;
    ErrorContext context = error.context();  // from add_*: say which file
    context.file = file;
    throw Error(error.summary(), std::move(context));
  }
  return schema;
}

}  // namespace weft::graph
