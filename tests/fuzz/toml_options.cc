#include "tests/fuzz/toml_options.h"

#include <algorithm>
#include <vector>

namespace weft::fuzz {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string_view key_of(std::string_view line) {
  return line.substr(0, line.find(" ="));
}

void put(std::vector<std::string>& lines, const TomlOption& option, std::mt19937_64& random) {
  if (option.section.empty()) {
    lines.emplace_back(option.line);
    return;
  }
  std::vector<std::size_t> headers;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with(option.section)) headers.push_back(i);
  }
  if (headers.empty()) return;
  const std::size_t header = headers[random() % headers.size()];
  for (std::size_t i = header + 1; i < lines.size() && !lines[i].starts_with("["); ++i) {
    if (key_of(lines[i]) != key_of(option.line)) continue;
    lines[i] = option.line;
    return;
  }
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(header) + 1, std::string(option.line));
}

}  // namespace

std::string with_option(std::string_view text, std::span<const TomlOption> options, std::mt19937_64& random) {
  std::vector<std::string> lines = lines_of(text);
  for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
    if (random() % 6 == 0 && !lines.empty()) {
      const std::size_t out = random() % lines.size();
      if (!lines[out].starts_with("[")) lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(out));
    } else {
      put(lines, options[random() % options.size()], random);
    }
  }
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

}  // namespace weft::fuzz
