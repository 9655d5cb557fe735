// Where a source file's text comes from: its bytes, decompressed, and in UTF-8.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/files.h"

namespace weft::storage {

enum class Compression { kNone, kGzip, kZstd };

// What the text of a file is written in. kLatin1 is ISO 8859-1.
enum class Encoding { kUtf8, kGbk, kGb18030, kLatin1, kWindows1252 };
inline constexpr std::size_t kEncodings = 5;

// As people write it: "UTF-8", "GBK", "GB18030", "Latin-1", "Windows-1252"; in small letters the project
// file's word for it.
std::string_view encoding_name(Encoding encoding);

// Stands for a byte that is no text in the file's encoding. No UTF-8 text has it, so that its row is refused
// as one that is no text.
inline constexpr char kNoText = '\xFF';

// Not thread-safe.
class ByteStream {
 public:
  // Files are read as far as they reached when they were opened; gzip and zstd files may have several
  // members or frames. Text in another encoding than UTF-8 is converted; a byte that is none of its text
  // becomes kNoText. Throws Error where the file cannot be opened, or this system cannot convert the
  // encoding.
  static std::unique_ptr<ByteStream> open(const std::filesystem::path& path, Compression compression,
                                          Encoding encoding, Files& files);
  virtual ~ByteStream() = default;

  // Puts up to room.size() bytes into `room`, which is not empty; how many, 0 at the end. Throws Error on
  // damaged or cut compressed data, and on a file that shrank.
  virtual std::size_t read(std::span<char> room) = 0;
};

// The parts that open() joins.
std::unique_ptr<ByteStream> gzip_stream(std::unique_ptr<ByteStream> compressed, std::string name);
std::unique_ptr<ByteStream> zstd_stream(std::unique_ptr<ByteStream> compressed, std::string name);
std::unique_ptr<ByteStream> converted_stream(std::unique_ptr<ByteStream> text, Encoding encoding,
                                             std::string name);

// Bytes of another stream, a piece at a time.
class StreamInput {
 public:
  explicit StreamInput(std::unique_ptr<ByteStream> stream);
  // What is at hand and not yet taken.
  std::string_view bytes() const { return bytes_; }
  void take(std::size_t count) { bytes_.remove_prefix(count); }
  // Brings in more behind bytes(), which must be less than a piece; false at the end.
  bool more();
  std::uint64_t taken() const { return read_ - bytes_.size(); }

 private:
  std::unique_ptr<ByteStream> stream_;
  std::string buffer_;
  std::string_view bytes_;
  std::uint64_t read_ = 0;
};

}  // namespace weft::storage
