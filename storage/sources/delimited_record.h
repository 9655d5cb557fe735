// One record of delimited text and its fields: CSV after RFC 4180 (quotes, line ends within quotes), or text
// in which quotes mean nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sources/row_reader.h"

namespace weft::storage {

// Not thread-safe: keeps the fields of the record that was split last.
class DelimitedRecord {
 public:
  // The source's delimiter, or its format's.
  explicit DelimitedRecord(const SourceFile& source);

  bool has_quotes() const { return quotes_; }  // they mean something

  // A line, of a format without quotes or itself without any.
  void split_plain(std::string_view line);
  enum class Split { kDone, kNeedsMore, kTextAfterQuote };
  // The record at the beginning of `bytes`; `at_end`: nothing follows them.
  Split split_quoted(std::string_view bytes, bool at_end);

  // There may be more than kMaxColumns; those are not at hand.
  std::size_t field_count() const { return field_count_; }
  // Where the last field that is at hand ends.
  std::size_t end() const { return fields_.empty() ? 0 : fields_.back().end; }
  // Of what split_quoted() split: bytes with the line end, line ends, whether there is one at the end.
  std::size_t bytes() const { return bytes_; }
  std::uint64_t lines() const { return lines_; }
  bool terminated() const { return terminated_; }

  // The text of a field of `record`, which was split; a doubled quote is made one, in `buffer`.
  std::string_view text(std::size_t field, std::string_view record, std::string& buffer) const {
    const Span& span = fields_[field];
    const std::string_view raw = record.substr(span.begin, span.end - span.begin);
    return span.escaped ? unescaped(raw, buffer) : raw;
  }

 private:
  struct Span {
    std::size_t begin = 0, end = 0;
    bool escaped = false;  // holds doubled quotes
  };
  static std::string_view unescaped(std::string_view raw, std::string& buffer);

  char delimiter_;
  bool quotes_;
  std::vector<Span> fields_ = {};
  std::size_t field_count_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t lines_ = 0;
  bool terminated_ = true;
};

// Where the wanted columns are in a header.
struct ColumnPlaces {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> position = {};  // [wanted]; kNone if it is missing
  std::vector<std::size_t> missing = {};   // of the wanted
};
// Throws Error naming `file` if the header has a wanted column twice.
ColumnPlaces find_columns(const std::vector<std::string>& header, const std::vector<std::string>& wanted,
                          const std::string& file);

}  // namespace weft::storage
