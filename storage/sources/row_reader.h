// Rows of a source file: the wanted columns' values, with line number and byte offset in the stream of
// decompressed UTF-8 (of a topic's partition: storage/kafka/kafka_reader.h). A row that cannot be read is
// handed out as a bad row with the reason, and reading goes on behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "storage/project.h"

namespace weft::storage {

struct LedgerEntry;

inline constexpr std::size_t kMaxRowBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxColumns = 10'000;

// A column's value in one row. Valid until the reader's next call.
struct Cell {
  bool present = false;  // false: absent, null or empty text
  bool is_list = false;  // a JSON array; its items are strings (numbers as text, nulls left out)
  std::string_view text = {};
  std::span<const std::string_view> items = {};
};

struct Row {
  std::uint64_t offset = 0;          // of its first byte
  std::uint64_t line = 0;            // of its first byte, from 1
  bool terminated = true;            // false: the file ended within the row's line
  std::string_view raw = {};         // its bytes without the line end (of an overlong row: the beginning)
  std::span<const Cell> cells = {};  // [wanted columns]; empty if bad
  std::string bad_reason = {};       // empty: a good row
  std::string bad_detail = {};
};

// Row::bad_reason of bytes that are no text in that encoding.
std::string no_text_reason(Encoding encoding);

// How far a reader is: what the ledger stores.
struct Position {
  std::uint64_t bytes = 0;
  std::uint64_t hash = 0;   // xxh3-64 of these bytes
  std::uint64_t lines = 0;  // line ends among them
};

class RowReader {
 public:
  // Reads the header, if the format has one. `columns` are the wanted ones. Throws Error for a file that
  // cannot be read, more than kMaxColumns columns, or a wanted column that occurs twice. Which of them are
  // missing: see missing_columns().
  static std::unique_ptr<RowReader> open(const SourceFile& source, std::vector<std::string> columns,
                                         Files& files);
  virtual ~RowReader() = default;

  // Wanted columns (positions) that the header lacks, or, in JSON lines, that no row read so far had.
  virtual std::vector<std::size_t> missing_columns() const = 0;
  // Names that are there: the header's, or the keys of the first rows.
  virtual std::vector<std::string> known_columns() const = 0;
  // A header row is there to check against (JSON lines have none, an empty file neither).
  virtual bool has_header() const = 0;

  // The next row; false at the end. Blank lines are passed over.
  virtual bool next(Row& row) = 0;
  // Behind the row handed out last; consumes it.
  virtual Position position() = 0;
  // Before the row handed out last. Only valid until position() or next() is called.
  virtual Position position_before_row() = 0;
  // Goes to byte `bytes`, which must be a row's beginning; `lines` line ends lie before it. False if the file
  // is shorter.
  virtual bool skip_to(std::uint64_t bytes, std::uint64_t lines) = 0;
  // For readers that know better than by bytes and their hash whether they stand where an earlier run ended:
  // goes there, or throws Error. False: it is skip_to()'s to do.
  virtual bool resume(const LedgerEntry&) { return false; }
  // What people should know of rows that next() passed over; empty: nothing.
  virtual std::string note() const { return {}; }
  // The byte consumed last and the next one belong to the same line.
  virtual bool inside_line() = 0;
};

}  // namespace weft::storage
