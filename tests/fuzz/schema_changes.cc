#include "tests/fuzz/schema_changes.h"

#include <iterator>
#include <string>

namespace weft::fuzz {
namespace {

std::string random_name(std::mt19937_64& random) {
  constexpr const char* kNames[] = {"user",     "buys",     "a",  "b.c", "x y",
                                    "\xC3\xA9", "rev_buys", "\"", "0",   "n\n"};
  return std::string(kNames[random() % std::size(kNames)]) + std::to_string(random() % 50);
}

OrderedJson random_field(std::mt19937_64& random) {
  constexpr const char* kKinds[] = {"number", "category", "text", "image", "audio"};
  return {{"name", random_name(random)}, {"kind", kKinds[random() % std::size(kKinds)]}};
}

// Mostly a field of a text, which alone may name nodes.
void set_name_field(OrderedJson& node, std::mt19937_64& random) {
  node["name_field"] = "";
  if (random() % 2 == 0) return;
  for (const OrderedJson& field : node["fields"]) {
    if (field.value("kind", OrderedJson()) == "text") node["name_field"] = field["name"];
  }
}

void change_node_type(OrderedJson& node, std::mt19937_64& random) {
  OrderedJson& fields = node["fields"];
  switch (random() % 4) {
    case 0:
      node["name"] = random_name(random);
      return;
    case 1:
      fields.push_back(random_field(random));
      break;
    case 2:
      if (!fields.empty()) fields.erase(random() % fields.size());
      break;
    default:
      if (!fields.empty()) fields[random() % fields.size()] = random_field(random);
  }
  set_name_field(node, random);
}

void change_edge_type(OrderedJson& edge, std::size_t nodes, std::mt19937_64& random) {
  constexpr const char* kTraits[] = {"timed", "weighted"};
  switch (random() % 4) {
    case 0:
      edge["name"] = random_name(random);
      break;
    case 1:
      edge[random() % 2 == 0 ? "from" : "to"] = random() % nodes;
      break;
    case 2:
      edge["symmetric"] = random() % 2 == 0;
      break;
    default:
      edge[kTraits[random() % std::size(kTraits)]] = random() % 2 == 0;
  }
  if (edge["from"] != edge["to"] && random() % 8 != 0) edge["symmetric"] = false;
}

bool is_list_of_objects(const OrderedJson& json, const char* key) {
  if (!json.is_object() || !json.contains(key) || !json[key].is_array()) return false;
  for (const OrderedJson& entry : json[key]) {
    if (!entry.is_object()) return false;
  }
  return true;
}

bool is_schema(const OrderedJson& schema) {
  if (!is_list_of_objects(schema, "node_types") || !is_list_of_objects(schema, "edge_types")) return false;
  for (const OrderedJson& node : schema["node_types"]) {
    if (!is_list_of_objects(node, "fields")) return false;
  }
  return !schema["node_types"].empty();
}

}  // namespace

bool change_schema(OrderedJson& schema, std::mt19937_64& random) {
  if (!is_schema(schema)) return false;
  OrderedJson& nodes = schema["node_types"];
  OrderedJson& edges = schema["edge_types"];
  switch (random() % 8) {
    case 0:
      nodes.push_back({{"name", random_name(random)}, {"fields", OrderedJson::array()}, {"name_field", ""}});
      break;
    case 1:
      edges.push_back({{"name", random_name(random)},
                       {"from", random() % nodes.size()},
                       {"to", random() % nodes.size()},
                       {"timed", random() % 2 == 0},
                       {"weighted", random() % 2 == 0},
                       {"symmetric", false}});
      break;
    case 2:
      if (!edges.empty()) edges.erase(random() % edges.size());
      break;
    case 3:
    case 4:
      change_node_type(nodes[random() % nodes.size()], random);
      break;
    default:
      if (!edges.empty()) change_edge_type(edges[random() % edges.size()], nodes.size(), random);
  }
  return true;
}

std::size_t node_types_of(const OrderedJson& schema) {
  return is_list_of_objects(schema, "node_types") ? schema["node_types"].size() : 0;
}

std::size_t edge_types_of(const OrderedJson& schema) {
  return is_list_of_objects(schema, "edge_types") ? schema["edge_types"].size() : 0;
}

void fit_list(OrderedJson& object, std::string_view key, std::size_t size, const OrderedJson& filler) {
  OrderedJson& list = object[std::string(key)];
  if (!list.is_array()) return;
  while (list.size() > size) list.erase(list.size() - 1);
  while (list.size() < size) list.push_back(filler);
}

}  // namespace weft::fuzz
