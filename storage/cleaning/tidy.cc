#include "storage/cleaning/tidy.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include "base/html.h"

namespace weft::storage {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Calls visit(code point, its bytes) for each character.
template <typename Visit>
void each_character(std::string_view text, const Visit& visit) {
  for (std::size_t i = 0; i < text.size();) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + i,
                                                static_cast<utf8proc_ssize_t>(text.size() - i), &code);
    const std::size_t bytes = n > 0 ? static_cast<std::size_t>(n) : 1;
    visit(n > 0 ? code : -1, text.substr(i, bytes));
    i += bytes;
  }
}

bool is_space(utf8proc_int32_t code) {
  return code == ' ' || (code >= '\t' && code <= '\r') || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
         code == 0x205F || code == 0x3000;
}

std::string without_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_character(text, [&](utf8proc_int32_t code, std::string_view bytes) {
    const bool control = (code >= 0 && code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
                         (code >= 0x7F && code < 0xA0);
    if (control) {
      out += ' ';
    } else if (code != 0xFEFF) {
      out += bytes;
    }
  });
  return out;
}

std::string normal_form(std::string_view text, bool compatible) {
  if (is_ascii(text)) return std::string(text);
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | (compatible ? UTF8PROC_COMPAT : 0));
  utf8proc_uint8_t* raw = nullptr;
  const utf8proc_ssize_t n = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                          static_cast<utf8proc_ssize_t>(text.size()), &raw, options);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(raw, &std::free);
  if (n == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
  if (n < 0) return std::string(text);  // no well-formed text
  return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(n)};
}

std::string squeezed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space = false;
  each_character(text, [&](utf8proc_int32_t code, std::string_view bytes) {
    if (is_space(code)) {
      space = true;
      return;
    }
    if (space && !out.empty()) out += ' ';
    space = false;
    out += bytes;
  });
  return out;
}

}  // namespace

const std::vector<std::string>& tidy_step_names() {
  static const std::vector<std::string> kNames = {"html", "control", "nfc", "nfkc", "space"};
  return kNames;
}

std::optional<std::string> tidy(std::string_view text, TidyStep step) {
  std::string out;
  switch (step) {
    case TidyStep::kHtml:
      out = strip_html(text);
      break;
    case TidyStep::kControl:
      out = without_controls(text);
      break;
    case TidyStep::kNfc:
    case TidyStep::kNfkc:
      out = normal_form(text, step == TidyStep::kNfkc);
      break;
    case TidyStep::kSpace:
      out = squeezed(text);
      break;
  }
  if (out == text) return std::nullopt;
  return out;
}

}  // namespace weft::storage
