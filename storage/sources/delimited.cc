#include "storage/sources/delimited.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
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
      delimiter_(source.delimiter != '\0'               ? source.delimiter
                 : source.format == SourceFormat::kTabs ? '\t'
                                                        : ','),
      quotes_(source.format == SourceFormat::kCsv),
      header_(source.header),
      unescaped_(columns_.size()) {
  if (header_.empty()) read_header();
  if (header_.empty()) return;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto found = std::find(header_.begin(), header_.end(), columns_[i]);
    if (found == header_.end()) {
      missing_.push_back(i);
      position_.push_back(0);
      continue;
    }
    if (std::find(found + 1, header_.end(), columns_[i]) != header_.end()) {
      throw Error("the header names a column twice", {.file = file_name_, .line = 1, .value = columns_[i]});
    }
    position_.push_back(static_cast<std::size_t>(found - header_.begin()));
  }
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
  if (quotes_ && line.find('"') != std::string::npos) {
    if (split_quoted(line, true) != Split::kDone) {
      throw Error("the header row has broken quotes", {.file = file_name_, .line = 1});
    }
  } else {
    split_plain(line);
  }
  if (field_count_ > kMaxColumns) {
    throw Error(fmt::format("the header has {} columns", field_count_),
                {.file = file_name_, .line = 1, .expected = fmt::format("at most {}", kMaxColumns)});
  }
  for (std::size_t i = 0; i < field_count_; ++i) {
    std::string name(line.substr(fields_[i].begin, fields_[i].end - fields_[i].begin));
    for (std::size_t at = 0; fields_[i].escaped && (at = name.find("\"\"", at)) != std::string::npos; ++at)
      name.erase(at, 1);
    header_.push_back(quotes_ ? std::move(name) : without_recbole_type(std::move(name)));
  }
}

void DelimitedReader::split_plain(std::string_view line) {
  fields_.clear();
  field_count_ = 0;
  std::size_t begin = 0;
  while (true) {
    const void* found =
        begin < line.size() ? std::memchr(line.data() + begin, delimiter_, line.size() - begin) : nullptr;
    const std::size_t end = found == nullptr
                                ? line.size()
                                : static_cast<std::size_t>(static_cast<const char*>(found) - line.data());
    if (field_count_++ < kMaxColumns) fields_.push_back({begin, end, false});
    if (found == nullptr) return;
    begin = end + 1;
  }
}

DelimitedReader::Split DelimitedReader::split_quoted(std::string_view bytes, bool at_end) {
  fields_.clear();
  field_count_ = 0;
  record_lines_ = 0;
  std::size_t i = 0;
  while (true) {
    Span span{i, i, false};
    if (i < bytes.size() && bytes[i] == '"') {
      span.begin = ++i;
      while (true) {
        const std::size_t quote = bytes.find('"', i);
        if (quote == std::string_view::npos) return Split::kNeedsMore;
        record_lines_ +=
            static_cast<std::uint64_t>(std::count(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                                                  bytes.begin() + static_cast<std::ptrdiff_t>(quote), '\n'));
        if (quote + 1 == bytes.size() && !at_end) return Split::kNeedsMore;
        if (quote + 1 < bytes.size() && bytes[quote + 1] == '"') {
          span.escaped = true;
          i = quote + 2;
          continue;
        }
        span.end = quote;
        i = quote + 1;
        break;
      }
      if (i < bytes.size() && bytes[i] != delimiter_ && bytes[i] != '\n' && bytes[i] != '\r')
        return Split::kTextAfterQuote;
      if (i < bytes.size() && bytes[i] == '\r') ++i;
      if (i == bytes.size() && !at_end) return Split::kNeedsMore;
      if (i < bytes.size() && bytes[i] != delimiter_ && bytes[i] != '\n') return Split::kTextAfterQuote;
    } else {
      while (i < bytes.size() && bytes[i] != delimiter_ && bytes[i] != '\n') ++i;
      if (i == bytes.size() && !at_end) return Split::kNeedsMore;
      span.end = i;
      const bool line_ends = i == bytes.size() || bytes[i] == '\n';
      if (line_ends && span.end > span.begin && bytes[span.end - 1] == '\r') --span.end;
    }
    if (field_count_++ < kMaxColumns) fields_.push_back(span);
    if (i == bytes.size() || bytes[i] == '\n') break;
    ++i;  // the delimiter
  }
  record_terminated_ = i < bytes.size();
  if (record_terminated_) ++record_lines_;
  record_bytes_ = i + (record_terminated_ ? 1 : 0);
  return Split::kDone;
}

bool DelimitedReader::parse_quoted(std::string_view first_line, Row& row) {
  const std::size_t first_length = first_line.size();
  while (true) {
    const std::string_view bytes = rest().substr(0, kMaxRowBytes + 1);
    // The window may hold the whole rest of the file: a record that ends within it is decided, one that does
    // not needs more.
    const Split split = split_quoted(bytes, false);
    if (split == Split::kDone) {
      extend(record_bytes_, record_lines_, record_terminated_);
      return true;
    }
    if (split == Split::kTextAfterQuote) {
      bad(row, "broken quotes", fmt::format("text after the closing quote of column {}", field_count_ + 1));
      return false;
    }
    const bool room_for_more = bytes.size() <= kMaxRowBytes;
    if (room_for_more && grow()) continue;
    // Asking for more may have moved what was there.
    if (room_for_more && split_quoted(rest(), true) == Split::kDone) {
      extend(record_bytes_, record_lines_, record_terminated_);
      return true;
    }
    // Only the line on which the row began is given up: one stray quote must not swallow the rest of the
    // file.
    bad(row, "broken quotes",
        fmt::format("the quote that opens column {} is never closed", field_count_ + 1));
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
  if (quotes_ && std::memchr(line.data(), '"', line.size()) != nullptr) {
    if (!parse_quoted(line, row)) return;
    bytes = rest();
  } else {
    split_plain(line);
  }
  if (field_count_ != header_.size()) {
    bad(row, "wrong number of columns",
        fmt::format("{} columns, the header has {}", field_count_, header_.size()));
    return;
  }
  const std::size_t length = fields_.empty() ? 0 : fields_.back().end;
  if (!simdjson::validate_utf8(bytes.data(), length)) {
    bad_text(row);
    return;
  }
  fill_cells(bytes);
}

void DelimitedReader::fill_cells(std::string_view bytes) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Span& span = fields_[position_[i]];
    Cell& cell = cells_[i];
    cell.text = bytes.substr(span.begin, span.end - span.begin);
    if (span.escaped) {
      std::string& text = unescaped_[i];
      text.clear();
      for (std::size_t at = 0; at < cell.text.size(); ++at) {
        text += cell.text[at];
        if (cell.text[at] == '"') ++at;  // the second of a pair
      }
      cell.text = text;
    }
    cell.present = !cell.text.empty();
  }
}

}  // namespace weft::storage
