// Pieces of TOML text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::init {

std::string toml_string(std::string_view text);                   // quoted and escaped
std::string toml_strings(const std::vector<std::string>& texts);  // one string, or a list of them
// Letters, digits, _ and -, and what is not ASCII, of `text`; others become _. Never empty.
std::string plain_name(std::string_view text);
// `name` as a part of a dotted key: bare if it may be.
std::string toml_key(std::string_view name);
// Without control characters and line ends, cut to a length that fits a comment.
std::string comment_text(std::string_view text);

}  // namespace weft::init
