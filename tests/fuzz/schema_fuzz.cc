// The schema as the store keeps it: what is read must be what would be written.
// Parser: storage/store_schema.cc graph/schema.cc
#include "storage/store_schema.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/schema_changes.h"
#include "tests/storage/small_store.h"

namespace weft::fuzz {

Seeds seeds() {
  return {.accepted = {storage::small_schema().to_json()}, .others = {"{}", "[]"}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  if (random() % 4 == 0) return changed_json(input, random);
  OrderedJson json = OrderedJson::parse(input, nullptr, false);
  if (!json.is_object() || !json.contains("graph")) return "";
  for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
    if (!change_schema(json["graph"], random)) return "";
  }
  fit_list(json, "from_event", node_types_of(json["graph"]), random() % 2);
  fit_list(json, "attribute", edge_types_of(json["graph"]), random() % 2);
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

void run(std::string_view input) {
  parses([&] {
    const storage::StoreSchema schema = storage::StoreSchema::from_json(input, "schema");
    FUZZ_CHECK(schema.from_event.size() == schema.graph.node_types().size());
    FUZZ_CHECK(schema.attribute.size() == schema.graph.edge_types().size());
    for (const graph::EdgeType& type : schema.graph.edge_types())
      FUZZ_CHECK(type.from < schema.graph.node_types().size() && type.to < schema.graph.node_types().size());
    FUZZ_CHECK(storage::StoreSchema::from_json(schema.to_json(), "again") == schema);
  });
}

}  // namespace weft::fuzz
