#include "tests/fuzz/toml_options.h"

#include <algorithm>
#include <iterator>
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

// The option with numbers in the place of "#1" and "#.".
std::string with_numbers(std::string_view line, std::mt19937_64& random) {
  constexpr const char* kWhole[] = {"1", "2", "3", "4", "5", "8", "10", "16", "64", "100", "1000", "4096"};
  constexpr const char* kShares[] = {"0", "0.0", "0.01", "0.1", "0.25", "0.5", "0.75", "0.9", "1"};
  std::string out(line);
  for (std::size_t at = 0; (at = out.find('#', at)) != std::string::npos;) {
    const bool whole = at + 1 < out.size() && out[at + 1] == '1';
    out.replace(at, 2, whole ? kWhole[random() % std::size(kWhole)] : kShares[random() % std::size(kShares)]);
  }
  return out;
}

void put_line(std::vector<std::string>& lines, std::size_t header, const std::string& line) {
  for (std::size_t i = header + 1; i < lines.size() && !lines[i].starts_with("["); ++i) {
    if (key_of(lines[i]) != key_of(line)) continue;
    lines[i] = line;
    return;
  }
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(header) + 1, line);
}

void put(std::vector<std::string>& lines, const TomlOption& option, std::mt19937_64& random) {
  const std::vector<std::string> added = lines_of(with_numbers(option.line, random));
  if (option.section.empty()) {
    // A section that is there already would be there twice.
    if (std::find(lines.begin(), lines.end(), added.front()) == lines.end())
      lines.insert(lines.end(), added.begin(), added.end());
    return;
  }
  std::vector<std::size_t> headers;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with(option.section)) headers.push_back(i);
  }
  if (headers.empty()) return;
  const std::size_t header = headers[random() % headers.size()];
  for (const std::string& line : added) put_line(lines, header, line);
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
