// What a checkpoint says that its network reads: refused, or what is read is what would be written.
// Parser: gnn/inputs/input_spec.cc:input_spec_from_json gnn/inputs/input_spec.cc:number_from_json
// gnn/inputs/input_spec.cc:to_json gnn/inputs/input_spec.cc:number_json
#include <nlohmann/json.hpp>

#include "gnn/inputs/input_spec.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"

namespace weft::fuzz {

Seeds seeds() {
  gnn::InputSpec spec;
  spec.types.push_back(
      {.numbers = {{.field = "age",
                    .constants =
                        {.inside = {{-1, 2}, {4, 5.5}}, .clip = false, .fill = 0.1, .centre = 3, .width = 2},
                    .outliers = 7},
                   {.field = "price", .constants = {.centre = 1, .width = 4}}},
       .categories = {{"colour", {"blue", "red"}}},
       .id_rows = 4'000'000'000U});
  spec.types.push_back({.vectors = {{"title", 16, 0.25, "text-1"}}});
  return {.accepted = {to_json(spec).dump(), "[]"}, .others = {"{}", "[1]", "3"}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return changed_json(input, random);
}

void run(std::string_view input) {
  const nlohmann::json json = nlohmann::json::parse(input, nullptr, false);
  if (json.is_discarded()) return refused("no JSON");
  parses([&] {
    const std::string written = to_json(gnn::input_spec_from_json(json, "last.safetensors"))
                                    .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const auto again = gnn::input_spec_from_json(nlohmann::json::parse(written), "again");
    FUZZ_CHECK(to_json(again).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) == written);
  });
}

}  // namespace weft::fuzz
