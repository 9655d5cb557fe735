// Text as a cell of the TSV files that weft writes.
#pragma once

#include <string>
#include <string_view>

namespace weft::tools {

// Tab, line feed, carriage return and backslash as \t, \n, \r and \\: a row stays a row whatever an id holds.
std::string tsv_escaped(std::string_view text);

}  // namespace weft::tools
