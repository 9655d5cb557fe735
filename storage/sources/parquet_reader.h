// Parquet files. A column is a top-level one; "a.b" is the column "a.b" or, if there is none, field b of the
// struct a; "a.0" the first entry of the list a. Times come as ISO 8601 in UTC, dates as YYYY-MM-DD, NaN as
// no value, dictionary columns as what they stand for.
//
// What is read at once is bounded: batches have as many rows as fit kParquetMemory. A value or page that does
// not fit is an Error. A row whose wanted columns have more than kMaxRowBytes together is a bad one, and
// columns may be nested kMaxNesting deep.
//
// A position is a number of rows (in `bytes` and in `lines`) and the hash of the whole file: a Parquet file
// cannot grow, so one with another hash is another file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/sources/column_shapes.h"
#include "storage/sources/row_reader.h"

namespace weft::storage {

inline constexpr std::size_t kParquetMemory = std::size_t{256} << 20;  // bytes, of one reader
inline constexpr std::size_t kMaxNesting = 32;

class ParquetReader final : public RowReader {
 public:
  // Throws Error, as next() does, for what is no Parquet file or a damaged one.
  ParquetReader(const SourceFile& source, std::vector<std::string> columns, Files& files);
  ~ParquetReader() override;

  std::vector<std::size_t> missing_columns() const override;
  std::vector<std::string> known_columns() const override;
  bool has_header() const override { return true; }
  std::vector<ColumnShape> shapes() const;
  std::uint64_t rows() const;

  bool next(Row& row) override;
  Position position() override;
  Position position_before_row() override;
  bool skip_to(std::uint64_t bytes, std::uint64_t lines) override;
  bool inside_line() override { return false; }

 private:
  struct Impl;
  void pass_pending();
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::storage
