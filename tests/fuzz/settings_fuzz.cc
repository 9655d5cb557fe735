// "--set key=value" on a project file: refused, or the outcome is TOML that reads back as the same. The input
// is the file, a byte 0x1E, and the assignment.
// Parser: base/toml.cc
#include <algorithm>

#include "base/toml.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/toml_changes.h"

namespace weft::fuzz {
namespace {

constexpr char kParted = '\x1E';
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
    toml.root().keys();
    for (const auto& [name, section] : toml.root().sections()) section.keys();
  });
}

}  // namespace weft::fuzz
