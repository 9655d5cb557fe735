// What the readers of all formats share: rows begin at line beginnings; consuming, counting lines, skipping.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/sources/byte_window.h"
#include "storage/sources/row_reader.h"

namespace weft::storage {

class LineReader : public RowReader {
 public:
  LineReader(const SourceFile& source, std::vector<std::string> columns, Files& files);

  bool next(Row& row) final;
  Position position() final;
  Position position_before_row() final;
  bool skip_to(std::uint64_t bytes, std::uint64_t lines) final;
  bool inside_line() final;

 protected:
  // Reads one row from line `line`, which is at hand whole and not blank (without its line end); sets cells_
  // or `row`'s reason. May make the row longer than the line with extend().
  virtual void parse(std::string_view line, Row& row) = 0;

  // The bytes from the row's beginning on that are at hand; longer after grow().
  std::string_view rest() const { return window_->available(); }
  bool grow() { return window_->more(); }
  // The row takes `bytes` of rest() instead of its first line, `lines` line ends among them.
  void extend(std::size_t bytes, std::uint64_t lines, bool terminated) {
    pending_ = bytes;
    pending_lines_ = lines;
    terminated_ = terminated;
  }
  // Takes the first line off the window, for headers. False if there is none.
  bool take_line(std::string& line);
  static void bad(Row& row, std::string reason, std::string detail = {});
  // The row holds bytes that are no text in the file's encoding.
  void bad_text(Row& row) const;

  std::string file_name_;
  Encoding encoding_;
  bool growing_;
  std::vector<std::string> columns_;  // wanted
  std::vector<Cell> cells_;           // [wanted]

 private:
  // Brings the whole first line into the window; its length without line end. kTooLong if it passes
  // kMaxRowBytes.
  static constexpr std::size_t kTooLong = static_cast<std::size_t>(-1);
  std::size_t find_line();
  void consume_pending();

  std::unique_ptr<ByteWindow> window_;
  std::uint64_t lines_ = 0;
  std::size_t pending_ = 0;  // bytes of the row handed out last
  std::uint64_t pending_lines_ = 0;
  bool terminated_ = true;
  bool skip_line_ = false;  // the row handed out last was overlong: drop up to the next line end
};

}  // namespace weft::storage
