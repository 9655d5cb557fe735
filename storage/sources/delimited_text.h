// One record of delimited text by itself, as a message holds it. The source says which columns it has.
#pragma once

#include "storage/sources/delimited_record.h"
#include "storage/sources/value_reader.h"

namespace weft::storage {

class DelimitedText final : public ValueReader {
 public:
  // `source`: format (CSV or tab-separated), delimiter, header.
  DelimitedText(const SourceFile& source, const std::vector<std::string>& columns);

  // A line end after the record is passed over; a second record makes it bad.
  Outcome read(std::string_view text, std::span<Cell> cells, Row& row) override;
  std::vector<std::size_t> missing_columns() const override { return places_.missing; }
  const std::vector<std::string>& known_columns() const override { return header_; }

 private:
  DelimitedRecord record_;
  std::vector<std::string> header_;
  ColumnPlaces places_;
  std::vector<std::string> unescaped_;  // [wanted]
};

}  // namespace weft::storage
