// Changes of TOML texts that leave most of them TOML.
#pragma once

#include <random>
#include <string>
#include <string_view>

namespace weft::fuzz {

// One to three changes of lines (left out, doubled, moved, exchanged) and of words within them: a key, a
// value or a piece of a string becomes another of the text's, or one at the edge of what is allowed.
std::string changed_toml(std::string_view text, std::mt19937_64& random);

}  // namespace weft::fuzz
