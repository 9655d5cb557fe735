#include "tests/fuzz/toml_changes.h"

#include <cctype>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace weft::fuzz {
namespace {

struct Word {
  std::size_t begin = 0, size = 0;
};

// Keys, numbers and strings (with their quotes).
std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> out;
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (text[at] == '"') {
      at = text.find('"', at + 1);
      at = at == std::string_view::npos ? text.size() : at + 1;
    } else if (is_word(text[at])) {
      while (at < text.size() && is_word(text[at])) ++at;
    } else {
      ++at;
      continue;
    }
    out.push_back({begin, at - begin});
  }
  return out;
}

void change_word(std::string& text, std::mt19937_64& random) {
  constexpr const char* kValues[] = {
      "0",  "1",    "-1",  "0.5",   "1e300", "9223372036854775807", "true",     "[]",
      "{}", "\"\"", "nan", "\"a\"", "\"*\"", "\"n\\u0000\"",        "\"../x\"", "[\"a\", \"b\"]"};
  const std::vector<Word> words = words_of(text);
  if (words.empty()) return;
  const Word word = words[random() % words.size()];
  std::string now = text.substr(word.begin, word.size);
  switch (random() % 4) {
    case 0:
      now = kValues[random() % std::size(kValues)];
      break;
    case 1: {
      const Word other = words[random() % words.size()];
      now = text.substr(other.begin, other.size);
      break;
    }
    case 2:
      now.erase(random() % now.size(), 1);
      break;
    default:
      now[random() % now.size()] = static_cast<char>('a' + random() % 26);
  }
  text.replace(word.begin, word.size, now);
}

void change_lines(std::string& text, std::mt19937_64& random) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end == std::string::npos ? end : end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  if (lines.empty()) return;
  const std::size_t a = random() % lines.size(), b = random() % lines.size();
  switch (random() % 4) {
    case 0:
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(a));
      break;
    case 1:
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(b), std::string(lines[a]));
      break;
    case 2:
      std::swap(lines[a], lines[b]);
      break;
    default: {  // a line's value becomes another's
      const std::size_t from = lines[a].find('='), to = lines[b].find('=');
      if (from != std::string::npos && to != std::string::npos)
        lines[b] = lines[b].substr(0, to) + lines[a].substr(from);
    }
  }
  text.clear();
  for (const std::string& line : lines) text += line + "\n";
}

}  // namespace

std::string changed_toml(std::string_view text, std::mt19937_64& random) {
  std::string out(text);
  for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes)
    random() % 2 == 0 ? change_word(out, random) : change_lines(out, random);
  return out;
}

}  // namespace weft::fuzz
