// A source file as a stream of decompressed bytes in UTF-8, seen through a sliding window, with a running
// hash of what was consumed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/hash.h"
#include "storage/sources/byte_stream.h"

namespace weft::storage {

// Not thread-safe. Files are read piece by piece, as far as they reached when they were opened: one that
// others write to may grow, and one that shrinks is an Error.
class ByteWindow {
 public:
  explicit ByteWindow(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}
  static std::unique_ptr<ByteWindow> open(const std::filesystem::path& path, Compression compression,
                                          Encoding encoding, Files& files);

  // The bytes at hand that were not consumed; valid until more() or consume().
  std::string_view available() const { return available_; }
  // Brings in more bytes behind those available; false at the end of the stream. Throws Error as
  // ByteStream::read() does.
  bool more();
  // `count` of available().
  void consume(std::size_t count);

  std::uint64_t offset() const { return offset_; }  // bytes consumed
  std::uint64_t hash();                             // xxh3-64 of the bytes consumed
  char last_byte() const { return last_byte_; }     // consumed last; NUL at the beginning

 private:
  // Hashes what was consumed since the last call; before the memory behind it goes away.
  void hash_consumed();

  std::unique_ptr<ByteStream> stream_;
  std::string buffer_;
  std::string_view available_ = {};
  Hasher64 hasher_;
  std::uint64_t offset_ = 0;
  char last_byte_ = '\0';
  std::size_t unhashed_ = 0;  // bytes just before available_
};

}  // namespace weft::storage
