// Rules of columns, and a value through them. The input is the rules' TOML, a byte 0x1E, and the value.
// Parser: storage/cleaning/column_rules.cc storage/cleaning/tidy.cc storage/cleaning/value_cleaner.cc
// base/html.cc
#include <algorithm>

#include "base/strings.h"
#include "base/toml.h"
#include "storage/cleaning/column_rules.h"
#include "storage/cleaning/value_cleaner.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/toml_changes.h"

namespace weft::fuzz {
namespace {

using namespace storage;

constexpr char kParted = '\x1E';

std::string seed(const std::string& rules, const std::string& value) {
  return "[nodes.item.columns]\n" + rules + kParted + value;
}

}  // namespace

Seeds seeds() {
  return {
      .accepted = {seed("a = { tidy = [\"html\", \"control\", \"nfkc\", \"space\"], missing = [\"-\"] }\n",
                        "A &amp; B<br> \xEF\xBC\xA1 \x01"),
                   seed("a = { rename = \"b\", factor = 0.01, range = [0, 10], on_bad = \"missing\" }\n",
                        "250"),
                   seed("a = { scale = { from = [1, 10], to = [1, 5] }, default = 3 }\n", " 7.5 "),
                   seed("a = { time = { unit = \"iso8601\", zone = \"+05:30\" }, range = "
                        "[\"2020-01-01\", \"2021-01-01\"] }\n",
                        "2020-05-01 12:00"),
                   seed("a = { time = { unit = \"ms\" } }\n", "1600000000000"),
                   seed("a = { ids = { x = \"y\" }, unknown_ids = \"bad\" }\n", "x"),
                   seed("a = { values = { \"Sony Corp\" = \"Sony\" }, allowed = [\"Sony\"], required = "
                        "true, separator = \"|\" }\n",
                        "Sony Corp")},
      .others = {seed("a = { factor = 1e300 }\n", "1e300"),
                 seed("a = { scale = { from = [1, 1], to = [0, 5] } }\n", "1")}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  const std::size_t end = input.find(kParted);
  if (end == std::string_view::npos || random() % 4 == 0) return "";
  return changed_toml(input.substr(0, end), random) + std::string(input.substr(end));
}

void run(std::string_view input) {
  const std::size_t end = std::min(input.find(kParted), input.size());
  const std::string_view value = input.substr(std::min(end + 1, input.size()));
  const std::vector<std::string> everywhere = {"n/a"};
  parses([&] {
    const TomlFile toml = TomlFile::parse(input.substr(0, end), "fuzz.toml");
    const TomlSection root = toml.root();
    const SourceResolver resolver(root.section("sources"), "/nowhere", Sources::kMayBeMissing);
    const auto read = [&] { return read_column_rules(root.section("nodes").section("item"), resolver); };
    const std::vector<ColumnRules> all = read(), again = read();
    if (all.empty()) throw Error("no rules");
    for (std::size_t i = 0; i < all.size(); ++i) {
      const ColumnRules& rules = all[i];
      FUZZ_CHECK(rules.canonical() == again[i].canonical());
      const ValueCleaner cleaner(rules, everywhere);
      // Values reach the rules as UTF-8: readers see to it.
      if (!is_utf8(value)) continue;
      StepCounts counts = {}, same_counts = {};
      std::string buffer, same_buffer;
      const CleanedValue cleaned = cleaner.clean(value, buffer, counts);
      const CleanedValue same = cleaner.clean(value, same_buffer, same_counts);
      FUZZ_CHECK(cleaned.state == same.state && cleaned.text == same.text && counts == same_counts);
      FUZZ_CHECK(is_utf8(cleaned.text));
      FUZZ_CHECK((cleaned.state == CleanedValue::State::kBad) == (*cleaned.reason != '\0'));
      cleaner.absent(counts);
    }
  });
}

}  // namespace weft::fuzz
