#include "tools/table.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/error.h"

namespace weft::tools {
namespace {

// Calls visit(bytes, cells) for each character; ill-formed bytes count one cell each.
template <typename Visit>
void each_character(const std::string& text, Visit visit) {
  const auto* data = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  std::size_t at = 0;
  while (at < text.size()) {
    utf8proc_int32_t code = -1;
    const utf8proc_ssize_t n =
        utf8proc_iterate(data + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    const std::size_t bytes = n > 0 ? static_cast<std::size_t>(n) : 1;
    const std::size_t cells = n > 0 ? static_cast<std::size_t>(std::max(0, utf8proc_charwidth(code))) : 1;
    if (!visit(at, bytes, cells)) return;
    at += bytes;
  }
}

bool reads_as_number(const std::string& cell) {
  bool digit = false;
  for (const char c : cell) {
    if (c >= '0' && c <= '9')
      digit = true;
    else if (std::string(" .,+-%x/s±e").find(c) == std::string::npos)
      return false;
  }
  return digit || cell.empty() || cell == "-";
}

}  // namespace

std::string printable(const std::string& text) {
  std::string out;
  each_character(text, [&](std::size_t at, std::size_t bytes, std::size_t) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    // One byte: C0, DEL, or a C1 that is no UTF-8. Two: a C1 as UTF-8 has it.
    const bool control = bytes == 1 ? byte(0) < 0x20 || (byte(0) >= 0x7F && byte(0) < 0xA0)
                                    : bytes == 2 && byte(0) == 0xC2 && byte(1) < 0xA0;
    if (control)
      out += ' ';
    else
      out += text.substr(at, bytes);
    return true;
  });
  return out;
}

std::size_t display_width(const std::string& text) {
  std::size_t width = 0;
  each_character(text, [&](std::size_t, std::size_t, std::size_t cells) {
    width += cells;
    return true;
  });
  return width;
}

std::string fit(const std::string& raw, std::size_t cells) {
  std::string text = printable(raw);
  if (display_width(text) <= cells) return text;
  std::size_t used = 0;
  std::size_t end = 0;
  each_character(text, [&](std::size_t at, std::size_t bytes, std::size_t width) {
    if (used + width + 1 > cells) return false;
    used += width;
    end = at + bytes;
    return true;
  });
  return text.substr(0, end) + "…";
}

void Table::add(std::vector<std::string> row) {
  WEFT_CHECK(row.size() == header_.size());
  for (std::string& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
}

void Table::add_rule() {
  rows_.emplace_back();
}

std::string Table::text() const {
  const std::size_t columns = header_.size();
  std::vector<std::size_t> widths(columns);
  std::vector<bool> right(columns, true);
  for (std::size_t c = 0; c < columns; ++c) {
    widths[c] = display_width(header_[c]);
    for (const auto& row : rows_) {
      if (row.empty()) continue;
      widths[c] = std::max(widths[c], display_width(row[c]));
      if (!reads_as_number(row[c])) right[c] = false;
    }
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& row) {
    std::string text;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string pad(widths[c] - display_width(row[c]), ' ');
      if (c > 0) text += "  ";
      text += right[c] ? pad + row[c] : row[c] + pad;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  std::size_t total = columns == 0 ? 0 : 2 * (columns - 1);
  for (const std::size_t width : widths) total += width;
  line(header_);
  out += std::string(total, '-') + "\n";
  for (const auto& row : rows_) {
    if (row.empty())
      out += std::string(total, '-') + "\n";
    else
      line(row);
  }
  return out;
}

}  // namespace weft::tools
