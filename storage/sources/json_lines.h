// JSON lines: one object a line.
#pragma once

#include "storage/sources/json_object.h"
#include "storage/sources/line_reader.h"

namespace weft::storage {

class JsonLinesReader final : public LineReader {
 public:
  JsonLinesReader(const SourceFile& source, std::vector<std::string> columns, Files& files);

  std::vector<std::size_t> missing_columns() const override { return objects_.missing_columns(); }
  std::vector<std::string> known_columns() const override { return objects_.known_columns(); }
  bool has_header() const override { return false; }

 private:
  void parse(std::string_view line, Row& row) override;

  JsonObjectReader objects_;
};

}  // namespace weft::storage
