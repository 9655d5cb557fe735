#include "storage/sources/byte_window.h"

#include <algorithm>
#include <span>

#include "base/error.h"

namespace weft::storage {
namespace {

constexpr std::size_t kChunk = 1 << 18;

}  // namespace

std::unique_ptr<ByteWindow> ByteWindow::open(const std::filesystem::path& path, Compression compression,
                                             Encoding encoding, Files& files) {
  return std::make_unique<ByteWindow>(ByteStream::open(path, compression, encoding, files));
}

bool ByteWindow::more() {
  hash_consumed();
  // What is unread moves to the front. The room behind it grows by as much as is unread, so that a caller
  // who asks again and again for the rest of one long row does linear work.
  const std::size_t unread = available_.size();
  if (unread > 0) std::copy(available_.begin(), available_.end(), buffer_.begin());
  buffer_.resize(std::max(buffer_.size(), unread + std::max(kChunk, unread)));
  const std::size_t count = stream_->read(std::span(buffer_).subspan(unread));
  available_ = std::string_view(buffer_.data(), unread + count);
  return count > 0;
}

void ByteWindow::consume(std::size_t count) {
  WEFT_CHECK(count <= available_.size());
  if (count > 0) last_byte_ = available_[count - 1];
  available_.remove_prefix(count);
  offset_ += count;
  unhashed_ += count;
  // In pieces that are still in the processor's cache.
  if (unhashed_ >= (std::size_t{1} << 18)) hash_consumed();
}

void ByteWindow::hash_consumed() {
  if (unhashed_ > 0) hasher_.update(std::string_view(available_.data() - unhashed_, unhashed_));
  unhashed_ = 0;
}

std::uint64_t ByteWindow::hash() {
  hash_consumed();
  return hasher_.digest();
}

}  // namespace weft::storage
