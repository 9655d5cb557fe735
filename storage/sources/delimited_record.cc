#include "storage/sources/delimited_record.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace weft::storage {

DelimitedRecord::DelimitedRecord(const SourceFile& source)
    : delimiter_(source.delimiter != '\0'               ? source.delimiter
                 : source.format == SourceFormat::kTabs ? '\t'
                                                        : ','),
      quotes_(source.format == SourceFormat::kCsv) {}

void DelimitedRecord::split_plain(std::string_view line) {
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

DelimitedRecord::Split DelimitedRecord::split_quoted(std::string_view bytes, bool at_end) {
  fields_.clear();
  field_count_ = 0;
  lines_ = 0;
  std::size_t i = 0;
  while (true) {
    Span span{i, i, false};
    if (i < bytes.size() && bytes[i] == '"') {
      span.begin = ++i;
      while (true) {
        const std::size_t quote = bytes.find('"', i);
        if (quote == std::string_view::npos) return Split::kNeedsMore;
        lines_ +=
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
  terminated_ = i < bytes.size();
  if (terminated_) ++lines_;
  bytes_ = i + (terminated_ ? 1 : 0);
  return Split::kDone;
}

std::string_view DelimitedRecord::unescaped(std::string_view raw, std::string& buffer) {
  buffer.clear();
  for (std::size_t at = 0; at < raw.size(); ++at) {
    buffer += raw[at];
    if (raw[at] == '"') ++at;  // the second of a pair
  }
  return buffer;
}

ColumnPlaces find_columns(const std::vector<std::string>& header, const std::vector<std::string>& wanted,
                          const std::string& file) {
  ColumnPlaces out;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto found = std::find(header.begin(), header.end(), wanted[i]);
    if (found == header.end()) {
      out.missing.push_back(i);
      out.position.push_back(ColumnPlaces::kNone);
      continue;
    }
    if (std::find(found + 1, header.end(), wanted[i]) != header.end())
      throw Error("the header names a column twice", {.file = file, .line = 1, .value = wanted[i]});
    out.position.push_back(static_cast<std::size_t>(found - header.begin()));
  }
  return out;
}

}  // namespace weft::storage
