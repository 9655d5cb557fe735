// Changes of a project file that it survives: options that a section may have, put in or taken out whole.
#pragma once

#include <random>
#include <span>
#include <string>
#include <string_view>

namespace weft::fuzz {

struct TomlOption {
  std::string_view section = {};  // what the header of a section that may have it begins with; "": the file
  // "key = value", or several lines of them; of the file: a section of its own. "#1" in it stands for some
  // whole number from 1 on, "#." for some number from 0 to 1.
  std::string_view line = {};
};

// The text with one to three of `options` put in, in place of the same keys if they are there, or with a line
// taken out.
std::string with_option(std::string_view text, std::span<const TomlOption> options, std::mt19937_64& random);

}  // namespace weft::fuzz
