// HTML in texts that should have none: character references (the standard's 2,125 names, and numbers) and
// tags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft {

// Appends the UTF-8 form of a code point.
void append_utf8(std::string& out, std::uint32_t code);

// The character reference at the start of `text` ("&eacute;", "&#34;", "&#x22;"): appends its text and
// returns its length in bytes, or 0 if it is none. Numbers need their semicolon; those from 128 to 159 mean
// windows-1252, as browsers take them; controls, surrogates and numbers that are no character give a blank.
// The old names that HTML knows without a semicolon ("&copy 2020") count so only where neither a letter, a
// digit nor '=' follows, so that "?a=1&copy=2" stays as it is.
std::size_t take_html_entity(std::string_view text, std::string& out);

struct MarkupCounts {
  std::uint64_t entities = 0, tags = 0;
};

// Well-formed UTF-8 in, well-formed UTF-8 out: references become their characters (once: "&amp;lt;" becomes
// "&lt;"), tags such as <br /> a blank. A '<' is a tag's only if a letter, '/' or '!' follows and a '>'
// within 200 bytes.
std::string strip_html(std::string_view text, MarkupCounts* counts = nullptr);

}  // namespace weft
