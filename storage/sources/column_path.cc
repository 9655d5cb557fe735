#include "storage/sources/column_path.h"

#include <charconv>

namespace weft::storage {

std::vector<std::string> column_parts(std::string_view column) {
  std::vector<std::string> parts;
  for (std::size_t dot = column.find('.'); dot != std::string_view::npos; dot = column.find('.')) {
    parts.emplace_back(column.substr(0, dot));
    column.remove_prefix(dot + 1);
  }
  parts.emplace_back(column);
  return parts;
}

std::optional<std::size_t> list_entry(std::string_view part) {
  std::size_t entry = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), entry);
  if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
  return entry;
}

}  // namespace weft::storage
