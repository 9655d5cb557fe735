#include "storage/sources/delimited_text.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace weft::storage {

DelimitedText::DelimitedText(const SourceFile& source, const std::vector<std::string>& columns)
    : record_(source),
      header_(source.header),
      places_(find_columns(header_, columns, source.name)),
      unescaped_(columns.size()) {}

ValueReader::Outcome DelimitedText::read(std::string_view text, std::span<Cell> cells, Row& row) {
  const auto bad = [&](const char* reason, std::string detail) {
    row.bad_reason = reason;
    row.bad_detail = std::move(detail);
    return Outcome::kBad;
  };
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  bool more = false;
  if (record_.has_quotes() && text.find('"') != std::string_view::npos) {
    const DelimitedRecord::Split split = record_.split_quoted(text, true);
    const std::size_t column = record_.field_count() + 1;
    if (split == DelimitedRecord::Split::kTextAfterQuote)
      return bad("broken quotes", fmt::format("text after the closing quote of column {}", column));
    if (split == DelimitedRecord::Split::kNeedsMore)
      return bad("broken quotes", fmt::format("the quote that opens column {} is never closed", column));
    more = record_.bytes() < text.size();
  } else {
    record_.split_plain(text);
    more = text.find('\n') != std::string_view::npos;
  }
  if (more) return bad("wrong number of columns", "more than one row");
  if (record_.field_count() != header_.size())
    return bad("wrong number of columns",
               fmt::format("{} columns, the header has {}", record_.field_count(), header_.size()));
  if (!is_utf8(text)) return Outcome::kNotUtf8;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i] = {};
    if (places_.position[i] == ColumnPlaces::kNone) continue;
    cells[i].text = record_.text(places_.position[i], text, unescaped_[i]);
    cells[i].present = !cells[i].text.empty();
  }
  return Outcome::kGood;
}

}  // namespace weft::storage
