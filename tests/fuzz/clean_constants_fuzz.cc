// What cleaning over rows was fitted to, behind a checksum that is put right: refused, or what is read is
// what would be written, and it cleans a snapshot or is refused for that.
// Parser: graph/clean_graph.cc graph/sealed_json.cc
#include <algorithm>

#include "graph/clean_graph.h"
#include "graph/sealed_json.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"
#include "tests/graph/random_graph.h"

namespace weft::fuzz {
namespace {

using namespace graph;

struct Shop {
  TestFolder folder;
  Snapshot snapshot;
  Split split;
  Shop()
      : snapshot([this] {
          write_snapshot(random_shop(5, 6, 6, 40), folder / "s");
          return Snapshot::open(folder / "s");
        }()),
        split(make_split(snapshot, 0, {.kind = SplitKind::kRandom, .valid = 0.2, .test = 0.2})) {}
  std::size_t node_types() const { return snapshot.schema().node_types().size(); }
  std::size_t edge_types() const { return snapshot.schema().edge_types().size(); }
};

const Shop& shop() {
  static const Shop instance;
  return instance;
}

// The constants of these rules as JSON without its checksum.
std::string fitted(CleanRules rules) {
  rules.pairs.resize(shop().edge_types(), PairRule::kAll);
  rules.core.resize(shop().node_types(), 0);
  rules.core_edges.resize(shop().edge_types(), 0);
  const CleanConstants constants = fit_clean(shop().snapshot, shop().split, rules);
  return read_sealed_json(constants.to_text(shop().snapshot.schema()), "f", "").dump();
}

void change_rule(OrderedJson& json, std::mt19937_64& random) {
  const auto pick = [&](const char* key) -> OrderedJson& {
    OrderedJson& list = json[key];
    return list.is_array() && !list.empty() ? list[random() % list.size()] : list;
  };
  switch (random() % 6) {
    case 0:
      pick("pairs") = random() % 4;
      return;
    case 1:
      pick("core") = random() % 8 == 0 ? random() % (std::uint64_t{1} << 32) : random() % 8;
      return;
    case 2:
      pick("core_edges") = random() % 2;
      return;
    case 3:
      json["sequence"] = random() >> random() % 64;
      return;
    default: {  // nodes ascend
      OrderedJson& nodes = pick("outside");
      nodes = OrderedJson::array();
      std::uint64_t node = random() % 4;
      for (std::uint64_t count = random() % 5; count > 0; --count, node += 1 + random() % 3)
        nodes.push_back(node);
    }
  }
}

}  // namespace

Seeds seeds() {
  return {.accepted = {fitted({.pairs = {PairRule::kSum, PairRule::kFirst, PairRule::kAll, PairRule::kLast},
                               .core = {3, 2},
                               .core_edges = {1}}),
                       fitted({.pairs = {PairRule::kLast}}),
                       fitted({.core = {2, 2}, .core_edges = {1, 0, 0, 0, 1, 0, 1}}), fitted({})},
          .others = {"{}", "[]"}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  if (random() % 4 == 0) return changed_json(input, random);
  OrderedJson json = OrderedJson::parse(input, nullptr, false);
  if (!json.is_object()) return "";
  for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) change_rule(json, random);
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

void run(std::string_view input) {
  const Json json = Json::parse(input, nullptr, false);
  const Schema& schema = shop().snapshot.schema();
  std::string text(input);
  if (json.is_object()) text = seal_json(json);
  CleanConstants constants;
  if (!parses([&] { constants = CleanConstants::from_text(text, schema, "f"); })) return;
  FUZZ_CHECK(constants.rules.pairs.size() == schema.edge_types().size());
  FUZZ_CHECK(constants.outside.size() == schema.node_types().size());
  FUZZ_CHECK(CleanConstants::from_text(constants.to_text(schema), schema, "again") == constants);
  constants.rules.text(schema);
  try {
    const CleanEdges cleaned = clean_edges(shop().snapshot, shop().split, constants);
    std::uint64_t gone = 0;
    for (const auto& keep : cleaned.keep)
      gone += static_cast<std::uint64_t>(std::count(keep.begin(), keep.end(), 0));
    FUZZ_CHECK(gone == cleaned.removed());
    // Fitting again by the same rules keeps no more nodes outside than there are.
    const CleanConstants again = fit_clean(shop().snapshot, shop().split, constants.rules);
    FUZZ_CHECK(again.outside.size() == constants.outside.size());
  } catch (const Error&) {  // of another store or of a larger snapshot
  }
}

}  // namespace weft::fuzz
