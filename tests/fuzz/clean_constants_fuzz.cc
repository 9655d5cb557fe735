// What cleaning over rows was fitted to, behind a checksum that is put right: refused, or what is read is
// what would be written.
// Parser: graph/clean_graph.cc graph/sealed_json.cc
#include "graph/clean_graph.h"
#include "graph/sealed_json.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"
#include "tests/storage/small_store.h"

namespace weft::fuzz {
namespace {

using namespace graph;

const Schema& schema() {
  static const Schema instance = storage::small_schema().graph;
  return instance;
}

}  // namespace

Seeds seeds() {
  const CleanConstants constants{
      .store_uuid = "0123",
      .sequence = 7,
      .rules = {.pairs = {PairRule::kSum, PairRule::kFirst, PairRule::kAll, PairRule::kLast},
                .core = {5, 3, 0, 0},
                .core_edges = {1, 0, 0, 0}},
      .outside = {{0, 4, 9}, {}, {2}, {}}};
  return {.accepted = {read_sealed_json(constants.to_text(schema()), "f", "").dump()},
          .others = {"{}", "[]"}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return changed_json(input, random);
}

void run(std::string_view input) {
  const Json json = Json::parse(input, nullptr, false);
  std::string text(input);
  if (json.is_object()) text = seal_json(json);
  parses([&] {
    const CleanConstants constants = CleanConstants::from_text(text, schema(), "f");
    FUZZ_CHECK(constants.rules.pairs.size() == schema().edge_types().size());
    FUZZ_CHECK(constants.outside.size() == schema().node_types().size());
    FUZZ_CHECK(CleanConstants::from_text(constants.to_text(schema()), schema(), "again") == constants);
  });
}

}  // namespace weft::fuzz
