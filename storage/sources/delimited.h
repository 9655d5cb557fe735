// CSV after RFC 4180 (quotes, line ends within quotes), and tab-separated text, in which quotes mean nothing.
// One header row, unless the source names its columns. RecBole's typed headers (user_id:token) lose their
// type.
#pragma once

#include "storage/sources/delimited_record.h"
#include "storage/sources/line_reader.h"

namespace weft::storage {

class DelimitedReader final : public LineReader {
 public:
  DelimitedReader(const SourceFile& source, std::vector<std::string> columns, Files& files);

  std::vector<std::size_t> missing_columns() const override { return places_.missing; }
  std::vector<std::string> known_columns() const override { return header_; }
  bool has_header() const override { return !header_.empty(); }

 private:
  using Split = DelimitedRecord::Split;

  void parse(std::string_view line, Row& row) override;
  bool parse_quoted(std::string_view first_line, Row& row);
  void fill_cells(std::string_view bytes);
  void read_header();

  DelimitedRecord record_;
  std::vector<std::string> header_;
  ColumnPlaces places_ = {};
  std::vector<std::string> unescaped_;  // [wanted]
};

}  // namespace weft::storage
