// Writes a log row by row, and dirties it the way real logs are dirty: rows delivered twice, and rows cut
// short or with an unreadable time. Broken rows are copies: every true row is also there whole, so the truth
// stays recoverable.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/files.h"

namespace weft::synth {

class ParquetTable;

enum class RowKind { kCsv, kJson, kParquet };

// Not thread-safe. Throws weft::Error on failures to write.
class RowWriter {
 public:
  // `share` of the rows get dirt: two thirds are doubled, one third broken. `stream` tells the logs' random
  // draws apart.
  RowWriter(const std::filesystem::path& path, RowKind kind, std::uint64_t seed, std::uint64_t stream,
            double share);
  RowWriter(RowWriter&&) noexcept;
  ~RowWriter();

  // Of CSV and Parquet: the columns' names, with commas between.
  void header(std::string_view row);
  // Without the line end. How often it was written whole: once or twice.
  int row(std::string_view row);
  // One more row of dirt.
  void extra(std::string_view row);
  void close();
  std::uint64_t rows() const { return rows_; }         // true rows
  std::uint64_t dirty_rows() const { return dirty_; }  // rows added
  double broken_share() const { return share_of(broken_); }
  // Of all rows in the file, true and added; 0 if there are none.
  double share_of(std::uint64_t rows) const;

  // What a broken copy of a row looks like: too few columns or an unreadable first column (CSV; in Parquet
  // both are missing values), cut short (JSON).
  static std::string broken(std::string_view row, RowKind kind, double where);

 private:
  void put(std::string_view row);

  std::filesystem::path path_;
  std::unique_ptr<WritableFile> file_;   // text
  std::unique_ptr<ParquetTable> table_;  // from header() on
  RowKind kind_;
  std::uint64_t seed_, stream_;
  double share_;
  std::uint64_t rows_ = 0, dirty_ = 0, broken_ = 0;
  std::string buffer_;
};

}  // namespace weft::synth
