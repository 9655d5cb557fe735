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
#include "tests/fuzz/toml_options.h"

namespace weft::fuzz {
namespace {

using namespace storage;

constexpr char kParted = '\x1E';

std::string seed(const std::string& rules, const std::string& value) {
  return "[nodes.item.columns]\n" + rules + kParted + value;
}

// docs/cleaning.md. What a value goes through depends on which of them meet.
constexpr TomlOption kRules[] = {
    {"[nodes.item.columns.a]", "rename = \"b\""},
    {"[nodes.item.columns.a]", "separator = \"|\""},
    {"[nodes.item.columns.a]", "tidy = [\"html\", \"control\"]"},
    {"[nodes.item.columns.a]", "tidy = [\"nfc\", \"space\"]"},
    {"[nodes.item.columns.a]", "tidy = [\"nfkc\"]"},
    {"[nodes.item.columns.a]", "tidy = \"html\""},
    {"[nodes.item.columns.a]", "missing = [\"-\", \"\"]"},
    {"[nodes.item.columns.a]", "values = { \"Sony Corp\" = \"Sony\", \"5\" = \"6\", x = \"\" }"},
    {"[nodes.item.columns.a]", "ids = { x = \"y\", \"5\" = \"five\" }"},
    {"[nodes.item.columns.a]", "prefix = \"p:\""},
    {"[nodes.item.columns.a]", "prefix = \"p:\"\nids = { \"7\" = \"seven\" }\nunknown_ids = \"keep\""},
    {"[nodes.item.columns.a]", "ids = { x = \"y\" }\nunknown_ids = \"missing\""},
    {"[nodes.item.columns.a]", "ids = { x = \"y\" }\nunknown_ids = \"bad\""},
    {"[nodes.item.columns.a]", "time = { unit = \"s\" }"},
    {"[nodes.item.columns.a]", "time = { unit = \"iso8601\", zone = \"CET\" }"},
    {"[nodes.item.columns.a]",
     "time = { unit = \"iso8601\" }\nrange = [\"2015-01-01\", \"2030-01-01T00:00:00+02:00\"]"},
    {"[nodes.item.columns.a]", "time = { unit = \"day\" }\ndefault = \"2020-02-29\""},
    {"[nodes.item.columns.a]", "factor = #."},
    {"[nodes.item.columns.a]", "factor = -#1"},
    {"[nodes.item.columns.a]", "scale = { from = [1, 10], to = [1, 5] }"},
    {"[nodes.item.columns.a]", "scale = { from = [0, #1], to = [-1, #.] }"},
    {"[nodes.item.columns.a]", "range = [-#1, #1]"},
    {"[nodes.item.columns.a]", "factor = 2\nrange = [0, #1]\ndefault = 1"},
    {"[nodes.item.columns.a]", "allowed = [\"Sony\", \"x\", \"7.5\"]"},
    {"[nodes.item.columns.a]", "default = \"none\""},
    {"[nodes.item.columns.a]", "default = #1"},
    {"[nodes.item.columns.a]", "required = true"},
    {"[nodes.item.columns.a]", "on_bad = \"missing\""},
    {"[nodes.item.columns.a]", "on_bad = \"drop\""},
    {"[nodes.item.columns.a]", "on_bad = \"stop\""},
    {"[nodes.item.columns.a]", "on_bad = \"quarantine\""},
    {"", "[nodes.item.columns.c]\nfactor = #1"},
    {"", "[nodes.item.columns.d]\ntidy = [\"control\", \"space\"]\nallowed = [\"x\"]"},
};

constexpr const char* kValues[] = {"",
                                   "-",
                                   "x",
                                   "Sony Corp",
                                   "7",
                                   "7.5",
                                   "-1e3",
                                   "1e308",
                                   "nan",
                                   " 5 ",
                                   "2020-02-30",
                                   "2020-05-01 12:00",
                                   "x|y|",
                                   "&lt;",
                                   "<b>x",
                                   "\xEF\xBB\xBF\x35",
                                   "99999999999999999999",
                                   "2020-05-01T12:00:00.123+14:00",
                                   "\xC3\x84\x41\xCC\x88",
                                   "\x01\x7F"};

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
                   "[nodes.item.columns.a]\nfactor = 0.5\nrange = [0, 10]\n\x1E"
                   "7",
                   "[nodes.item.columns.a]\nseparator = \"|\"\nallowed = [\"x\"]\non_bad = \"drop\"\n\x1Ex|y",
                   seed("a = { values = { \"Sony Corp\" = \"Sony\" }, allowed = [\"Sony\"], required = "
                        "true, separator = \"|\" }\n",
                        "Sony Corp")},
      .others = {seed("a = { factor = 1e300 }\n", "1e300"),
                 seed("a = { scale = { from = [1, 1], to = [0, 5] } }\n", "1")}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  const std::size_t end = input.find(kParted);
  if (end == std::string_view::npos || random() % 8 == 0) return "";
  const std::string_view rules = input.substr(0, end);
  const std::string value = random() % 4 == 0 ? kParted + std::string(kValues[random() % std::size(kValues)])
                                              : std::string(input.substr(end));
  return (random() % 4 != 0 ? with_option(rules, kRules, random) : changed_toml(rules, random)) + value;
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
