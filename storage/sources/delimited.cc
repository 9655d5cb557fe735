#include "storage/sources/delimited.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <cstring>

namespace weft::storage {
namespace {

std::string without_recbole_type(std::string name) {
  static constexpr std::array<std::string_view, 4> kTypes = {":token", ":token_seq", ":float", ":float_seq"};
  for (const std::string_view type : kTypes) {
    if (name.size() > type.size() && name.ends_with(type)) {
      name.resize(name.size() - type.size());
      break;
    }
  }
  return name;
}

}  // namespace

DelimitedReader::DelimitedReader(const SourceFile& source, std::vector<std::string> columns, Files& files)
    : LineReader(source, std::move(columns), files),
      record_(source),
      header_(source.header),
      unescaped_(columns_.size()) {
  if (header_.empty()) read_header();
  if (!header_.empty()) places_ = find_columns(header_, columns_, file_name_);
}

void DelimitedReader::read_header() {
  std::string line;
  if (!take_line(line)) return;
  // A header with line ends within quotes is nothing we have to read: such a name ends at the line.
  if (!simdjson::validate_utf8(line.data(), line.size())) {
    throw Error(
        fmt::format("the header row is not {}", encoding_name(encoding_)),
        {.file = file_name_,
         .line = 1,
         .hint = "say what the text is written in, as [sources.\"FILE\"] encoding = \"gbk\"; or convert "
                 "the file to UTF-8, as with iconv"});
  }
  if (record_.has_quotes() && line.find('"') != std::string::npos) {
    if (record_.split_quoted(line, true) != Split::kDone) {
      throw Error("the header row has broken quotes", {.file = file_name_, .line = 1});
    }
  } else {
    record_.split_plain(line);
  }
  const std::size_t columns = record_.field_count();
  if (columns > kMaxColumns) {
    throw Error(fmt::format("the header has {} columns", columns),
                {.file = file_name_, .line = 1, .expected = fmt::format("at most {}", kMaxColumns)});
  }
  std::string buffer;
  for (std::size_t i = 0; i < columns; ++i) {
    std::string name(record_.text(i, line, buffer));
    header_.push_back(record_.has_quotes() ? std::move(name) : without_recbole_type(std::move(name)));
  }
}

bool DelimitedReader::parse_quoted(std::string_view first_line, Row& row) {
  const std::size_t first_length = first_line.size();
  while (true) {
    const std::string_view bytes = rest().substr(0, kMaxRowBytes + 1);
    // The window may hold the whole rest of the file: a record that ends within it is decided, one that does
    // not needs more.
    const Split split = record_.split_quoted(bytes, false);
    if (split == Split::kDone) {
      extend(record_.bytes(), record_.lines(), record_.terminated());
      return true;
    }
    if (split == Split::kTextAfterQuote) {
      bad(row, "broken quotes",
          fmt::format("text after the closing quote of column {}", record_.field_count() + 1));
      return false;
    }
    const bool room_for_more = bytes.size() <= kMaxRowBytes;
    if (room_for_more && grow()) continue;
    // Asking for more may have moved what was there.
    if (room_for_more && record_.split_quoted(rest(), true) == Split::kDone) {
      extend(record_.bytes(), record_.lines(), record_.terminated());
      return true;
    }
    // Only the line on which the row began is given up: one stray quote must not swallow the rest of the
    // file.
    bad(row, "broken quotes",
        fmt::format("the quote that opens column {} is never closed", record_.field_count() + 1));
    const std::string_view all = rest();
    const std::size_t end = all.find('\n', first_length);
    if (end == std::string_view::npos) {
      extend(all.size(), 0, false);
    } else {
      extend(end + 1, 1, true);
    }
    return false;
  }
}

void DelimitedReader::parse(std::string_view line, Row& row) {
  std::string_view bytes = line;
  if (record_.has_quotes() && std::memchr(line.data(), '"', line.size()) != nullptr) {
    if (!parse_quoted(line, row)) return;
    bytes = rest();
  } else {
    record_.split_plain(line);
  }
  if (record_.field_count() != header_.size()) {
    bad(row, "wrong number of columns",
        fmt::format("{} columns, the header has {}", record_.field_count(), header_.size()));
    return;
  }
  if (!simdjson::validate_utf8(bytes.data(), record_.end())) {
    bad_text(row);
    return;
  }
  fill_cells(bytes);
}

void DelimitedReader::fill_cells(std::string_view bytes) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Cell& cell = cells_[i];
    if (places_.position[i] == ColumnPlaces::kNone) continue;  // as it began: absent
    cell.text = record_.text(places_.position[i], bytes, unescaped_[i]);
    cell.present = !cell.text.empty();
  }
}

}  // namespace weft::storage
