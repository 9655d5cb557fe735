// JSON lines: one object a line. A column is a key; "a.b" is the key "a.b" or, if there is none, key b of the
// object at a; "a.0" likewise the first entry of the list at a.
#pragma once

#include <memory>

#include "storage/sources/line_reader.h"

namespace weft::storage {

class JsonLinesReader final : public LineReader {
 public:
  JsonLinesReader(const SourceFile& source, std::vector<std::string> columns, Files& files);
  ~JsonLinesReader() override;

  std::vector<std::size_t> missing_columns() const override;
  std::vector<std::string> known_columns() const override { return known_; }
  bool has_header() const override { return false; }

 private:
  struct Parser;
  void parse(std::string_view line, Row& row) override;

  std::unique_ptr<Parser> parser_;
  std::vector<std::uint8_t> seen_;  // [wanted]
  std::vector<std::string> known_;
  std::uint64_t rows_ = 0;
};

}  // namespace weft::storage
