// "--set key=value" on a project file: refused, or the outcome is TOML that reads back as the same, and each
// value in it is given as what it is, or refused at its place. The input is the file, a byte 0x1E, and the
// assignment.
// Parser: base/toml.cc
#include <algorithm>

#include "base/toml.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/toml_changes.h"

namespace weft::fuzz {
namespace {

constexpr char kParted = '\x1E';
// Asks for a value as something: it is that, or the error says where it stands.
template <typename Get>
void ask(const TomlSection& section, const std::string& key, const Get& get) {
  try {
    get();
  } catch (const Error& error) {
    const ErrorContext place = section.where(key);
    FUZZ_CHECK(error.context().file == place.file && error.context().line == place.line);
    FUZZ_CHECK(!error.context().field.empty());
  }
}

void ask_for_all(const TomlSection& section) {
  for (const auto& [name, table] : section.sections()) {
    FUZZ_CHECK(section.is_table(name) && !section.is_string(name) && section.find(name));
    ask_for_all(table);
  }
  for (const std::string& key : section.keys()) {
    FUZZ_CHECK(section.has(key));
    if (key.empty()) continue;  // what is said of it is said of the table
    if (section.is_string(key)) {
      FUZZ_CHECK(section.get_strings(key) == std::vector{section.get_string(key)});
      FUZZ_CHECK(section.get_choice(key, {section.get_string(key)}, 1) == 0);
    }
    ask(section, key, [&] { section.get_string(key); });
    ask(section, key, [&] { section.get_number(key, 0.5); });
    ask(section, key, [&] { section.get_bool(key, true); });
    ask(section, key, [&] { section.get_strings(key); });
    ask(section, key, [&] { section.get_texts(key); });
    ask(section, key, [&] { section.get_numbers(key); });
    ask(section, key, [&] { section.get_choice(key, {"bpr", "softmax"}, 0); });
    ask(section, key, [&] {
      const std::int64_t whole = section.get_integer(key, 3);
      FUZZ_CHECK(section.get_integer_in(key, 3, whole, whole) == whole);
    });
    ask(section, key, [&] {
      const double number = section.get_number_in(key, 0, -1, 8);
      FUZZ_CHECK(number >= -1 && number <= 8);
    });
    ask(section, key, [&] { section.find(key); });
  }
  section.check_no_unknown_keys();
  const std::string other = "not a key of the file's";
  if (section.has(other)) return;
  FUZZ_CHECK(section.get_string(other, "a") == "a" && section.get_numbers(other, {1}).size() == 1);
  FUZZ_CHECK(section.section(other).keys().empty() && !section.find(other));
}

const char* const kProject = "[train]\nepochs = 3\nrates = [0.1, 0.2]\n[encoders.text]\ndim = 8\n";

}  // namespace

Seeds seeds() {
  const auto seed = [](const std::string& assignment) {
    return std::string(kProject) + kParted + assignment;
  };
  return {.accepted = {seed("train.epochs=5"), seed("a.b.c = [1, 'x']"), seed("train.loss=bpr"),
                       seed("model.numbers.\"item.price\"={ outliers = \"iqr\" }"),
                       seed("when=2024-05-01T00:00:00Z"), seed("text=a \"quoted\" \\ one")},
          .others = {seed("=5"), seed("train"), seed("train.epochs.deep=1"), seed("a..b=1"),
                     seed("train.rates[1]=2")}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  const std::size_t end = input.find(kParted);
  if (end == std::string_view::npos) return "";
  std::string assignment = changed_toml(input.substr(end + 1), random);
  while (assignment.ends_with("\n")) assignment.pop_back();
  const std::string file =
      random() % 4 == 0 ? changed_toml(input.substr(0, end), random) : std::string(input.substr(0, end));
  return file + kParted + assignment;
}

void run(std::string_view input) {
  const std::size_t end = std::min(input.find(kParted), input.size());
  parses([&] {
    TomlFile toml = TomlFile::parse(input.substr(0, end), "fuzz.toml");
    toml.set(input.substr(std::min(end + 1, input.size())));
    const std::string text = toml.to_text();
    FUZZ_CHECK(TomlFile::parse(text, "again.toml").to_text() == text);
    ask_for_all(toml.root());
    // Nothing was asked of this one: whatever it has is unknown.
    const TomlFile again = TomlFile::parse(text, "again.toml");
    const TomlSection fresh = again.root();
    try {
      fresh.check_no_unknown_keys();
      FUZZ_CHECK(fresh.keys().empty());
    } catch (const Error&) {
      FUZZ_CHECK(!fresh.keys().empty());
    }
  });
}

}  // namespace weft::fuzz
