// Dotted names of columns: "a.b.0" is entry 0 of what lies at b in a.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::storage {

// "a.b.0" -> a, b, 0. Never empty.
std::vector<std::string> column_parts(std::string_view column);

// The entry of a list that such a part names, from 0; nothing if it is no number.
std::optional<std::size_t> list_entry(std::string_view part);

}  // namespace weft::storage
