// Small text helpers that several folders need.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// Levenshtein distance in bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, or "" if none is near enough to be a likely slip: at most a third of its
// length (at least 2) edits away, and with something in common. Of equals the first.
std::string nearest_word(std::string_view word, std::span<const std::string> candidates);

// "a, b, c"
std::string join(std::span<const std::string> words, std::string_view separator = ", ");

std::string_view trim(std::string_view text);  // ASCII white space off both ends

// True if the bytes are well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);

// Shortens for an error message: at most `limit` bytes, cut at a character, then "..." if anything was cut.
// Control characters and bytes that are no UTF-8 are shown as \xNN, so that a value cannot drive the
// terminal.
std::string excerpt(std::string_view text, std::size_t limit = 60);

}  // namespace weft
