#include "storage/sources/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace weft::storage {

LineReader::LineReader(const SourceFile& source, std::vector<std::string> columns, Files& files)
    : file_name_(source.name),
      encoding_(source.encoding),
      growing_(source.growing),
      columns_(std::move(columns)),
      cells_(columns_.size()),
      window_(ByteWindow::open(source.path, source.compression,
                               source.converted ? Encoding::kUtf8 : source.encoding, files)) {
  while (rest().size() < 3 && grow()) {
  }
  if (rest().starts_with("\xEF\xBB\xBF")) window_->consume(3);
}

void LineReader::bad(Row& row, std::string reason, std::string detail) {
  row.bad_reason = std::move(reason);
  row.bad_detail = std::move(detail);
}

void LineReader::bad_text(Row& row) const {
  bad(row, no_text_reason(encoding_),
      fmt::format("the row holds bytes that are no {}", encoding_name(encoding_)));
}

std::size_t LineReader::find_line() {
  std::size_t searched = 0;
  while (true) {
    const std::string_view bytes = rest();
    const std::size_t limit = std::min(bytes.size(), kMaxRowBytes + 1);
    const void* found =
        limit > searched ? std::memchr(bytes.data() + searched, '\n', limit - searched) : nullptr;
    if (found != nullptr) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
      pending_ = length + 1;
      pending_lines_ = 1;
      terminated_ = true;
      return length;
    }
    if (limit > kMaxRowBytes) return kTooLong;
    searched = limit;
    if (!grow()) break;
  }
  pending_ = rest().size();
  pending_lines_ = 0;
  terminated_ = false;
  return pending_;
}

void LineReader::consume_pending() {
  window_->consume(pending_);
  lines_ += pending_lines_;
  pending_ = 0;
  pending_lines_ = 0;
  if (!skip_line_) return;
  skip_line_ = false;
  do {
    const std::string_view bytes = rest();
    if (const std::size_t end = bytes.find('\n'); end != std::string_view::npos) {
      window_->consume(end + 1);
      ++lines_;
      return;
    }
    window_->consume(bytes.size());
  } while (grow());
}

bool LineReader::take_line(std::string& line) {
  consume_pending();
  const std::size_t length = find_line();
  if (length == kTooLong)
    throw Error("the header row is longer than 16 MiB", {.file = file_name_, .line = lines_ + 1});
  line = rest().substr(0, length);
  if (line.ends_with('\r')) line.pop_back();
  const bool any = pending_ > 0;
  consume_pending();
  return any;
}

bool LineReader::next(Row& row) {
  while (true) {
    consume_pending();
    if (rest().empty() && !grow()) return false;
    std::size_t length = find_line();
    row.bad_reason.clear();
    row.bad_detail.clear();
    row.offset = window_->offset();
    row.line = lines_ + 1;
    row.cells = {};
    if (length == kTooLong) {
      row.raw = rest().substr(0, 1024);
      row.terminated = true;
      pending_ = 0;
      skip_line_ = true;
      bad(row, "row too long", fmt::format("the row is longer than {} MiB", kMaxRowBytes >> 20));
      return true;
    }
    std::string_view line = rest().substr(0, length);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(' ') == std::string_view::npos) continue;
    parse(line, row);
    row.terminated = terminated_;
    if (growing_ && !terminated_ && row.bad_reason.empty())
      bad(row, "unfinished line", "the file may go on within it");
    row.raw = rest().substr(0, pending_);
    while (row.raw.ends_with('\n') || row.raw.ends_with('\r')) row.raw.remove_suffix(1);
    if (row.bad_reason.empty()) row.cells = cells_;
    return true;
  }
}

Position LineReader::position_before_row() {
  return {window_->offset(), window_->hash(), lines_};
}

Position LineReader::position() {
  consume_pending();
  return position_before_row();
}

bool LineReader::skip_to(std::uint64_t bytes, std::uint64_t lines) {
  consume_pending();
  while (window_->offset() < bytes) {
    if (rest().empty() && !grow()) return false;
    window_->consume(
        static_cast<std::size_t>(std::min<std::uint64_t>(rest().size(), bytes - window_->offset())));
  }
  lines_ = lines;
  return window_->offset() == bytes;
}

bool LineReader::inside_line() {
  consume_pending();
  if (window_->offset() == 0 || window_->last_byte() == '\n') return false;
  if (rest().empty() && !grow()) return false;
  return rest()[0] != '\n' && rest()[0] != '\r';
}

}  // namespace weft::storage
