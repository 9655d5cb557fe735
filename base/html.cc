#include "base/html.h"

#include <algorithm>
#include <array>

namespace weft {
namespace {

struct Entity {
  std::string_view name;
  std::string_view text;
  bool legacy;  // known without a semicolon too
};

constexpr Entity kEntities[] = {
#include "base/html_entities.inc"
};

constexpr std::size_t kMaxTag = 200;   // a '<' without a '>' this near is a character of its own
constexpr std::size_t kMaxName = 31;   // bytes of the longest name
constexpr std::size_t kMaxDigits = 8;  // of a number

// What browsers take &#128; to &#159; for.
constexpr std::array<std::uint16_t, 32> kWindows1252 = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

const Entity* find_entity(std::string_view name) {
  const auto* found =
      std::lower_bound(std::begin(kEntities), std::end(kEntities), name,
                       [](const Entity& entity, std::string_view wanted) { return entity.name < wanted; });
  return found != std::end(kEntities) && found->name == name ? found : nullptr;
}

std::size_t take_number(std::string_view text, std::string& out) {
  const bool hex = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  const std::size_t first = hex ? 3 : 2;
  std::size_t i = first;
  std::uint32_t code = 0;
  for (; i < text.size() && i < first + kMaxDigits; ++i) {
    const char c = text[i];
    const int digit = is_digit(c)                                     ? c - '0'
                      : hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                                      : -1;
    if (digit < 0) break;
    code = code * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit);
  }
  if (i == first || i >= text.size() || text[i] != ';') return 0;
  if (code >= 0x80 && code < 0xA0) code = kWindows1252[code - 0x80];
  const bool is_text =
      code >= 0x20 && (code < 0x7F || code >= 0xA0) && code <= 0x10FFFF && (code < 0xD800 || code >= 0xE000);
  if (is_text) {
    append_utf8(out, code);
  } else {
    out += ' ';
  }
  return i + 1;
}

// Length of the tag at the start of `text` ("<br />"), 0 if it is none.
std::size_t tag_length(std::string_view text) {
  if (text.size() < 3 || (!is_letter(text[1]) && text[1] != '/' && text[1] != '!')) return 0;
  const std::size_t end = text.substr(0, kMaxTag).find('>');
  return end == std::string_view::npos ? 0 : end + 1;
}

}  // namespace

void append_utf8(std::string& out, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xC0 | (code >> 6));
  } else if (code < 0x10000) {
    add(0xE0 | (code >> 12));
    add(0x80 | ((code >> 6) & 0x3F));
  } else {
    add(0xF0 | (code >> 18));
    add(0x80 | ((code >> 12) & 0x3F));
    add(0x80 | ((code >> 6) & 0x3F));
  }
  add(0x80 | (code & 0x3F));
}

std::size_t take_html_entity(std::string_view text, std::string& out) {
  if (text.starts_with("&#")) return take_number(text, out);
  if (text.size() < 3 || text[0] != '&' || !is_letter(text[1])) return 0;
  std::size_t end = 1;
  while (end < text.size() && end <= kMaxName && (is_letter(text[end]) || is_digit(text[end]))) ++end;
  const Entity* entity = find_entity(text.substr(1, end - 1));
  if (entity == nullptr) return 0;
  const char next = end < text.size() ? text[end] : ' ';
  if (next != ';' && (!entity->legacy || next == '=' || is_letter(next) || is_digit(next))) return 0;
  out += entity->text;
  return next == ';' ? end + 1 : end;
}

std::string strip_html(std::string_view text, MarkupCounts* counts) {
  if (text.find_first_of("&<") == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '&') {
      if (const std::size_t n = take_html_entity(text.substr(i), out); n > 0) {
        if (counts != nullptr) ++counts->entities;
        i += n;
        continue;
      }
    } else if (text[i] == '<') {
      if (const std::size_t n = tag_length(text.substr(i)); n > 0) {
        if (counts != nullptr) ++counts->tags;
        out += ' ';
        i += n;
        continue;
      }
    }
    out += text[i++];
  }
  return out;
}

}  // namespace weft
