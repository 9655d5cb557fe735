// CSV after RFC 4180 (quotes, line ends within quotes), and tab-separated text, in which quotes mean nothing.
// One header row, unless the source names its columns. RecBole's typed headers (user_id:token) lose their
// type.
#pragma once

#include "storage/sources/line_reader.h"

namespace weft::storage {

class DelimitedReader final : public LineReader {
 public:
  DelimitedReader(const SourceFile& source, std::vector<std::string> columns, Files& files);

  std::vector<std::size_t> missing_columns() const override { return missing_; }
  std::vector<std::string> known_columns() const override { return header_; }
  bool has_header() const override { return !header_.empty(); }

 private:
  struct Span {
    std::size_t begin = 0, end = 0;
    bool escaped = false;  // holds doubled quotes
  };
  enum class Split { kDone, kNeedsMore, kTextAfterQuote };

  void parse(std::string_view line, Row& row) override;
  void split_plain(std::string_view line);
  // One quoted record at the beginning of `bytes`; `at_end`: nothing follows them.
  Split split_quoted(std::string_view bytes, bool at_end);
  bool parse_quoted(std::string_view first_line, Row& row);
  void fill_cells(std::string_view bytes);
  void read_header();

  char delimiter_;
  bool quotes_;
  std::vector<std::string> header_;
  std::vector<std::size_t> missing_;
  std::vector<std::size_t> position_;  // [wanted] column in the file
  std::vector<Span> fields_;           // of the row
  std::size_t field_count_ = 0;        // fields_ holds at most kMaxColumns of them
  std::size_t record_bytes_ = 0;       // of the quoted record, line end included
  std::uint64_t record_lines_ = 0;
  bool record_terminated_ = true;
  std::vector<std::string> unescaped_;  // [wanted]
};

}  // namespace weft::storage
