#include "storage/sources/byte_stream.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace weft::storage {
namespace {

constexpr std::size_t kPiece = 1 << 18;

class FileStream final : public ByteStream {
 public:
  explicit FileStream(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  std::size_t read(std::span<char> room) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), file_->size() - read_));
    if (count > 0) file_->read_at(read_, room.first(count));
    read_ += count;
    return count;
  }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t read_ = 0;
};

}  // namespace

std::string_view encoding_name(Encoding encoding) {
  static constexpr std::array<std::string_view, kEncodings> kNames = {"UTF-8", "GBK", "GB18030", "Latin-1",
                                                                      "Windows-1252"};
  return kNames[static_cast<std::size_t>(encoding)];
}

std::unique_ptr<ByteStream> ByteStream::open(const std::filesystem::path& path, Compression compression,
                                             Encoding encoding, Files& files) {
  std::unique_ptr<ReadableFile> file = files.open(path);
  // An empty file is one without rows, not a cut one.
  const bool empty = file->size() == 0;
  std::unique_ptr<ByteStream> stream = std::make_unique<FileStream>(std::move(file));
  if (empty) return stream;
  if (compression == Compression::kGzip) stream = gzip_stream(std::move(stream), path.string());
  if (compression == Compression::kZstd) stream = zstd_stream(std::move(stream), path.string());
  if (encoding != Encoding::kUtf8) stream = converted_stream(std::move(stream), encoding, path.string());
  return stream;
}

StreamInput::StreamInput(std::unique_ptr<ByteStream> stream)
    : stream_(std::move(stream)), buffer_(kPiece, '\0') {}

bool StreamInput::more() {
  WEFT_CHECK(bytes_.size() < buffer_.size());
  std::copy(bytes_.begin(), bytes_.end(), buffer_.begin());
  const std::size_t kept = bytes_.size();
  const std::size_t count = stream_->read(std::span(buffer_).subspan(kept));
  bytes_ = std::string_view(buffer_).substr(0, kept + count);
  read_ += count;
  return count > 0;
}

}  // namespace weft::storage
