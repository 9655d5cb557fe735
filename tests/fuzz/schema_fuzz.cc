// The schema as the store keeps it: what is read must be what would be written.
// Parser: storage/store_schema.cc graph/schema.cc
#include "storage/store_schema.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"
#include "tests/storage/small_store.h"

namespace weft::fuzz {

Seeds seeds() {
  return {.accepted = {storage::small_schema().to_json()}, .others = {"{}", "[]"}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return changed_json(input, random);
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
