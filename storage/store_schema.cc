#include "storage/store_schema.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace weft::storage {

using nlohmann::json;

std::string StoreSchema::to_json() const {
  json out;
  out["graph"] = json::parse(graph.to_json());
  out["from_event"] = from_event;
  out["attribute"] = attribute;
  return out.dump();
}

StoreSchema StoreSchema::from_json(std::string_view text, const std::string& file) {
  const json in = json::parse(text, nullptr, false);
  const auto flags = [&](const char* key, std::size_t count) {
    std::vector<std::uint8_t> out;
    const auto found = in.find(key);
    if (found == in.end() || !found->is_array() || found->size() != count) {
      throw Error("the stored schema is damaged", {.file = file, .field = key});
    }
    for (const json& flag : *found) {
      if (!flag.is_number_unsigned() || flag.get<std::uint64_t>() > 1) {
        throw Error("the stored schema is damaged", {.file = file, .field = key});
      }
      out.push_back(flag.get<std::uint8_t>());
    }
    return out;
  };
  if (!in.is_object() || !in.contains("graph")) throw Error("the stored schema is damaged", {.file = file});
  StoreSchema schema;
  schema.graph = graph::Schema::from_json(in["graph"].dump(), file);
  schema.from_event = flags("from_event", schema.graph.node_types().size());
  schema.attribute = flags("attribute", schema.graph.edge_types().size());
  return schema;
}

}  // namespace weft::storage
