// A source's text in pieces that several threads can read at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/hash.h"
#include "storage/project.h"
#include "storage/sources/byte_window.h"
#include "storage/sources/row_reader.h"

namespace weft::storage {

// Whether rows of this format begin at line beginnings, so that its text can be cut.
bool can_be_cut(const SourceFile& source);

// The decompressed text behind the header, part by part: at least `batch_bytes` are at hand, and so much more
// that every row that begins in them is seen whole, or as far as a row may go. Not thread-safe.
class SourceText {
 public:
  // `header` is how far RowReader::open() read.
  SourceText(const SourceFile& source, const Position& header, std::size_t batch_bytes, Files& files);

  // Before the first fill(): to byte `bytes` of the stream, where a row begins; what lies before it counts as
  // consumed. Throws Error if the file is shorter.
  void skip_to(std::uint64_t bytes);
  // Brings in more text; what is at hand then is text().
  void fill();
  std::string_view text() const { return std::string_view(buffer_).substr(begin_); }
  bool at_end() const { return at_end_; }                  // nothing follows text()
  std::uint64_t offset() const { return offset_; }         // of text() in the stream
  std::uint64_t hash() const { return hasher_.digest(); }  // of all before it
  void consume(std::size_t count);

  // A reader of the rows of text() from `begin` on. What it says of offsets and lines counts from
  // reader_offset() and reader_lines(). Thread-safe.
  std::unique_ptr<RowReader> read(std::size_t begin, const std::vector<std::string>& columns) const;
  std::uint64_t reader_offset() const { return prefix_.size(); }
  std::uint64_t reader_lines() const { return prefix_lines_; }

 private:
  SourceFile source_;
  std::size_t batch_bytes_;
  std::unique_ptr<ByteWindow> window_;
  std::string prefix_;  // what each reader reads first: the header, or an empty line
  std::uint64_t prefix_lines_ = 0;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::uint64_t offset_ = 0;
  bool at_end_ = false;
  Hasher64 hasher_;
};

}  // namespace weft::storage
