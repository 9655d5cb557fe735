// Parquet files. A column is a top-level one; "a.b" is the column "a.b" or, if there is none, field b of the
// struct a; "a.0" the first entry of the list a. Times come as ISO 8601 in UTC, dates as YYYY-MM-DD, NaN as
// no value, dictionary columns as what they stand for.
//
// A position is a number of rows (in `bytes` and in `lines`) and the hash of the whole file: a Parquet file
// cannot grow, so one with another hash is another file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/sources/row_reader.h"

namespace weft::storage {

class ParquetReader final : public RowReader {
 public:
  // Throws Error, as next() does, for what is no Parquet file or a damaged one.
  ParquetReader(const SourceFile& source, std::vector<std::string> columns, Files& files);
  ~ParquetReader() override;

  std::vector<std::size_t> missing_columns() const override;
  std::vector<std::string> known_columns() const override;
  bool has_header() const override { return true; }

  bool next(Row& row) override;
  Position position() override;
  Position position_before_row() override;
  bool skip_to(std::uint64_t bytes, std::uint64_t lines) override;
  bool inside_line() override { return false; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::storage
