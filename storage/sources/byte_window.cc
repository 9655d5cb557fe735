#include "storage/sources/byte_window.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/mapped_file.h"

namespace weft::storage {
namespace {

class PlainWindow final : public ByteWindow {
 public:
  explicit PlainWindow(MappedFile file) : file_(std::move(file)) { available_ = file_.text(); }
  bool more() override { return false; }

 private:
  MappedFile file_;
};

class GzipWindow final : public ByteWindow {
 public:
  GzipWindow(MappedFile file, std::string name)
      : file_(std::move(file)), name_(std::move(name)), input_(file_.text()) {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw Error("cannot start zlib", {.file = name_});
  }
  ~GzipWindow() override { inflateEnd(&stream_); }
  GzipWindow(const GzipWindow&) = delete;
  GzipWindow& operator=(const GzipWindow&) = delete;

  bool more() override {
    if (finished_) return false;
    make_room();
    const std::size_t before = filled_;
    while (filled_ == before && !finished_) inflate_some();
    available_ = std::string_view(buffer_.data() + start_, filled_ - start_);
    return filled_ > before;
  }

 private:
  static constexpr std::size_t kChunk = 1 << 18;

  // Moves what is unread to the front; grows by as much as is unread, so that a caller who asks again and
  // again for the rest of one long row does linear work.
  void make_room() {
    hash_consumed();
    const std::size_t unread = available_.size();
    if (unread > 0) std::copy(available_.begin(), available_.end(), buffer_.begin());
    start_ = 0;
    filled_ = unread;
    buffer_.resize(std::max(buffer_.size(), unread + std::max(kChunk, unread)));
  }

  void inflate_some() {
    if (ended_member_) {
      if (input_.empty()) {
        finished_ = true;
        return;
      }
      inflateReset(&stream_);
      ended_member_ = false;
    }
    if (input_.empty())
      throw Error("the gzip data ends early",
                  {.file = name_, .hint = "the file was cut: fetch or write it again"});
    const std::size_t in = std::min<std::size_t>(input_.size(), 1 << 30);
    const std::size_t out = std::min<std::size_t>(buffer_.size() - filled_, 1 << 30);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data()));
    stream_.avail_in = static_cast<uInt>(in);
    stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data() + filled_);
    stream_.avail_out = static_cast<uInt>(out);
    const int rc = inflate(&stream_, Z_NO_FLUSH);
    input_.remove_prefix(in - stream_.avail_in);
    filled_ += out - stream_.avail_out;
    if (rc == Z_STREAM_END) {
      ended_member_ = true;
    } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
      throw Error(fmt::format("not valid gzip data at compressed byte {}: {}", file_.size() - input_.size(),
                              stream_.msg != nullptr ? stream_.msg : "damaged"),
                  {.file = name_});
    }
  }

  MappedFile file_;
  std::string name_;
  std::string_view input_;
  z_stream stream_ = {};
  std::string buffer_;
  std::size_t start_ = 0, filled_ = 0;
  bool ended_member_ = false, finished_ = false;
};

}  // namespace

std::unique_ptr<ByteWindow> ByteWindow::open(const std::filesystem::path& path, bool gzip, Files& files) {
  MappedFile file = files.map(path);
  if (gzip && file.size() > 0) return std::make_unique<GzipWindow>(std::move(file), path.string());
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
