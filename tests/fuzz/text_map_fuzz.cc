// Maps of texts, from a table of the project file or from a file of two columns: refused, or every pair is
// found. The first byte chooses; in the file's case the rest is the file.
// Parser: storage/cleaning/text_map.cc
#include "base/strings.h"
#include "base/toml.h"
#include "storage/cleaning/text_map.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/toml_changes.h"
#include "tests/support/temp_folder.h"

namespace weft::fuzz {
namespace {

using namespace storage;

constexpr const char* kFiles[] = {"map.csv", "map.tsv"};

}  // namespace

Seeds seeds() {
  return {
      .accepted = {tagged(0, "from,to\na,b\nc,\"d \"\"e\"\",\nf\"\n"), tagged(1, "x\ty\tmore\na\tb\tc\n"),
                   tagged(0, "from,to\na,b\na,b\n"), tagged(2, "[m]\nids = { a = \"b\", \"c d\" = 5 }\n")},
      .others = {tagged(0, "from\na\n"), tagged(0, "from,to\na,b\na,c\n"), tagged(0, "from,to\n,b\n"),
                 tagged(2, "[m]\nids = { a = [\"b\", \"c\"] }\n")}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  if (input.empty() || static_cast<unsigned char>(input[0]) % 3 != 2) return "";
  return tagged(2, changed_toml(input.substr(1), random));
}

void run(std::string_view input) {
  static const test::TempFolder folder(test::in_memory());
  Bytes bytes(input);
  const std::size_t form = bytes.byte() % 3;
  if (form < 2) write_file(folder / kFiles[form], bytes.rest());
  const std::string project =
      form == 2 ? std::string(bytes.rest()) : std::string("[m]\nids = \"") + kFiles[form] + "\"\n";
  parses([&] {
    const TomlFile toml = TomlFile::parse(project, "fuzz.toml");
    const TomlSection section = toml.root().section("m");
    if (!section.has("ids")) throw Error("no map");
    const SourceResolver resolver(toml.root().section("sources"), folder.path(), Sources::kMustExist);
    const auto map = read_text_map(section, "ids", resolver);
    FUZZ_CHECK(read_text_map(section, "ids", resolver)->fingerprint() == map->fingerprint());
    if (form < 2) return;
    for (const std::string& from : section.section("ids").keys()) {
      const std::string* to = map->find(from);
      FUZZ_CHECK(to != nullptr && !to->empty() && is_utf8(*to));
    }
  });
}

}  // namespace weft::fuzz
