// A folder of two tables to a proposed project file: whatever the tables hold, what is proposed must be a
// project file. The first byte chooses the formats; the tables are parted by a byte 0x1E.
// Parser: tools/init/column_profile.cc tools/init/propose.cc tools/init/roles.cc tools/init/table_profile.cc
#include "base/toml.h"
#include "storage/project.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/temp_folder.h"
#include "tools/init/propose.h"

namespace weft::fuzz {
namespace {

constexpr const char* kNames[] = {".csv", ".tsv", ".jsonl", ".inter"};
constexpr char kParted = '\x1E';

}  // namespace

Seeds seeds() {
  const std::string ratings =
      "user_id,item_id,rating,timestamp\n1,10,4.5,1700000000\n2,10,3,1700000100\n2,11,5,1700000200\n";
  const std::string items =
      R"({"item_id": "10", "title": "A long chair of wood", "tags": ["a", "b"], "img": "x.jpg", "at": "2024-05-01"})"
      "\n"
      R"({"item_id": "11", "title": "A table that stands", "tags": [], "price": 3.5})"
      "\n";
  const std::string no_name = R"({"": 3, "item_id": "10", "title": "A chair"})"
                              "\n"
                              R"({"": 4, "item_id": "11", "title": "A table"})"
                              "\n";
  const std::string atomic = "user_id:token\titem_id:token\ttimestamp:float\nu1\ti1\t1.5\nu2\ti1\t2.5\n";
  return {.accepted = {tagged(0 | 2 << 2, ratings + kParted + items),
                       tagged(3 | 2 << 2, atomic + kParted + items), tagged(0, ratings + kParted),
                       tagged(2, no_name)},
          .others = {tagged(0, std::string(1, kParted)), tagged(2, items), tagged(1, "a\tb\n1\t2\n")}};
}

void run(std::string_view input) {
  static const test::TempFolder folder(test::in_memory());
  Bytes bytes(input);
  const std::uint8_t formats = bytes.byte();
  const std::string_view rest = bytes.rest();
  const std::size_t parted = std::min(rest.find(kParted), rest.size());
  std::filesystem::remove_all(folder / "t");
  std::filesystem::create_directories(folder / "t");
  const std::string_view tables[] = {rest.substr(0, parted), rest.substr(std::min(parted + 1, rest.size()))};
  for (int i = 0; i < 2; ++i) {
    const std::string name = std::string(i == 0 ? "events" : "items") + kNames[formats >> (2 * i) & 3];
    if (!tables[i].empty()) write_file(folder / ("t/" + name), tables[i]);
  }
  std::string toml;
  const bool proposed = parses([&] { toml = init::propose(init::profile_folder(folder / "t"), "").toml; });
  if (!proposed) return;
  try {
    storage::read_project(TomlFile::parse(toml, "shop.toml"), folder / "t/shop.toml");
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n%s\n", error.what(), toml.c_str());
    FUZZ_CHECK(!"what is proposed is no project file");
  }
}

}  // namespace weft::fuzz
