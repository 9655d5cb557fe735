#include "storage/sources/json_lines.h"

namespace weft::storage {

JsonLinesReader::JsonLinesReader(const SourceFile& source, std::vector<std::string> columns, Files& files)
    : LineReader(source, std::move(columns), files), objects_(columns_) {}

void JsonLinesReader::parse(std::string_view line, Row& row) {
  if (objects_.read(line, cells_, row) == JsonObjectReader::Outcome::kNotUtf8) bad_text(row);
}

}  // namespace weft::storage
