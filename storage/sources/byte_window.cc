#include "storage/sources/byte_window.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <span>
#include <string>

#include "base/error.h"

namespace weft::storage {
namespace {

constexpr std::size_t kChunk = 1 << 18;

// Over a buffer that is filled piece by piece.
class BufferedWindow : public ByteWindow {
 protected:
  // Moves what is unread to the front; the room behind it. Grows by as much as is unread, so that a caller
  // who asks again and again for the rest of one long row does linear work.
  std::span<char> make_room() {
    hash_consumed();
    unread_ = available_.size();
    if (unread_ > 0) std::copy(available_.begin(), available_.end(), buffer_.begin());
    buffer_.resize(std::max(buffer_.size(), unread_ + std::max(kChunk, unread_)));
    return std::span(buffer_).subspan(unread_);
  }
  // The first `count` bytes of the room are filled.
  void show(std::size_t count) { available_ = std::string_view(buffer_.data(), unread_ + count); }

 private:
  std::string buffer_;
  std::size_t unread_ = 0;
};

class PlainWindow final : public BufferedWindow {
 public:
  explicit PlainWindow(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  bool more() override {
    if (read_ == file_->size()) return false;
    std::span<char> room = make_room();
    room = room.first(static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), file_->size() - read_)));
    file_->read_at(read_, room);
    read_ += room.size();
    show(room.size());
    return true;
  }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t read_ = 0;
};

class GzipWindow final : public BufferedWindow {
 public:
  GzipWindow(std::unique_ptr<ReadableFile> file, std::string name)
      : file_(std::move(file)), name_(std::move(name)), input_buffer_(kChunk, '\0') {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw Error("cannot start zlib", {.file = name_});
  }
  ~GzipWindow() override { inflateEnd(&stream_); }
  GzipWindow(const GzipWindow&) = delete;
  GzipWindow& operator=(const GzipWindow&) = delete;

  bool more() override {
    if (finished_) return false;
    const std::span<char> room = make_room();
    std::size_t filled = 0;
    while (filled == 0 && !finished_) filled = inflate_some(room);
    show(filled);
    return filled > 0;
  }

 private:
  void read_input() {
    if (!input_.empty() || read_ == file_->size()) return;
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(input_buffer_.size(), file_->size() - read_));
    file_->read_at(read_, std::span(input_buffer_).first(size));
    read_ += size;
    input_ = std::string_view(input_buffer_).substr(0, size);
  }

  // How many bytes it put into `room`.
  std::size_t inflate_some(std::span<char> room) {
    read_input();
    if (ended_member_) {
      if (input_.empty()) {
        finished_ = true;
        return 0;
      }
      inflateReset(&stream_);
      ended_member_ = false;
    }
    if (input_.empty())
      throw Error("the gzip data ends early",
                  {.file = name_, .hint = "the file was cut: fetch or write it again"});
    const std::size_t out = std::min<std::size_t>(room.size(), 1 << 30);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data()));
    stream_.avail_in = static_cast<uInt>(input_.size());
    stream_.next_out = reinterpret_cast<Bytef*>(room.data());
    stream_.avail_out = static_cast<uInt>(out);
    const int rc = inflate(&stream_, Z_NO_FLUSH);
    input_.remove_prefix(input_.size() - stream_.avail_in);
    if (rc == Z_STREAM_END) {
      ended_member_ = true;
    } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
      throw Error(fmt::format("not valid gzip data at compressed byte {}: {}", read_ - input_.size(),
                              stream_.msg != nullptr ? stream_.msg : "damaged"),
                  {.file = name_});
    }
    return out - stream_.avail_out;
  }

  std::unique_ptr<ReadableFile> file_;
  std::string name_;
  std::string input_buffer_;
  std::string_view input_;  // not yet inflated
  std::uint64_t read_ = 0;
  z_stream stream_ = {};
  bool ended_member_ = false, finished_ = false;
};

}  // namespace

std::unique_ptr<ByteWindow> ByteWindow::open(const std::filesystem::path& path, bool gzip, Files& files) {
  std::unique_ptr<ReadableFile> file = files.open(path);
  if (gzip && file->size() > 0) return std::make_unique<GzipWindow>(std::move(file), path.string());
  return std::make_unique<PlainWindow>(std::move(file));
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
