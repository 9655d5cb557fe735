#include "storage/bulk/source_text.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/mapped_file.h"

namespace weft::storage {
namespace {

// Prefix and text as one file.
class TextFile final : public ReadableFile {
 public:
  TextFile(std::string_view prefix, std::string_view text) : prefix_(prefix), text_(text) {}
  std::uint64_t size() const override { return prefix_.size() + text_.size(); }
  void read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset < prefix_.size()) {
      const std::size_t part = std::min<std::size_t>(out.size(), prefix_.size() - offset);
      std::memcpy(out.data(), prefix_.data() + offset, part);
      out = out.subspan(part);
      offset = prefix_.size();
    }
    if (!out.empty()) std::memcpy(out.data(), text_.data() + (offset - prefix_.size()), out.size());
  }

 private:
  std::string_view prefix_, text_;
};

// The one file that a RowReader opens.
class TextFiles final : public Files {
 public:
  TextFiles(std::string_view prefix, std::string_view text) : prefix_(prefix), text_(text) {}
  std::unique_ptr<ReadableFile> open(const std::filesystem::path&) override {
    return std::make_unique<TextFile>(prefix_, text_);
  }
  std::unique_ptr<WritableFile> create(const std::filesystem::path&) override { return none(), nullptr; }
  MappedFile map(const std::filesystem::path&) override { none(); }
  void rename(const std::filesystem::path&, const std::filesystem::path&) override { none(); }
  void remove_all(const std::filesystem::path&) override { none(); }
  void make_folders(const std::filesystem::path&) override { none(); }
  void sync_folder(const std::filesystem::path&) override { none(); }
  void kill_point(std::string_view) override {}

 private:
  [[noreturn]] static void none() { throw Error("a text in memory can only be read"); }
  std::string_view prefix_, text_;
};

}  // namespace

bool can_be_cut(const SourceFile& source) {
  return source.format != SourceFormat::kParquet;
}

SourceText::SourceText(const SourceFile& source, const Position& header, std::size_t batch_bytes,
                       Files& files)
    : source_(source),
      batch_bytes_(batch_bytes),
      window_(ByteWindow::open(source.path, source.compression, source.encoding, files)) {
  // For the readers of what is inflated and converted here.
  source_.compression = Compression::kNone;
  source_.converted = true;
  while (window_->available().size() < header.bytes && window_->more()) {
  }
  prefix_ = window_->available().substr(0, header.bytes);
  WEFT_CHECK(prefix_.size() == header.bytes);
  window_->consume(prefix_.size());
  hasher_.update(prefix_);
  offset_ = header.bytes;
  prefix_lines_ = header.lines;
  // A reader takes a byte order mark off its file's beginning: text that begins with one must not stand
  // there.
  if (prefix_.empty()) {
    prefix_ = "\n";
    prefix_lines_ = 1;
  }
}

void SourceText::skip_to(std::uint64_t bytes) {
  while (offset_ < bytes) {
    if (window_->available().empty() && !window_->more())
      throw Error("the file has become shorter while it was read", {.file = source_.name});
    const std::string_view part = window_->available().substr(0, bytes - offset_);
    hasher_.update(part);
    offset_ += part.size();
    window_->consume(part.size());
  }
}

void SourceText::fill() {
  // A reader may look as far as a row may go, and one piece of its buffer more.
  const std::size_t wanted = batch_bytes_ + kMaxRowBytes + (std::size_t{1} << 19);
  buffer_.erase(0, begin_);
  begin_ = 0;
  while (buffer_.size() < wanted && !at_end_) {
    if (window_->available().empty() && !window_->more()) {
      at_end_ = true;
      return;
    }
    const std::string_view bytes = window_->available();
    buffer_ += bytes;
    window_->consume(bytes.size());
  }
}

void SourceText::consume(std::size_t count) {
  hasher_.update(text().substr(0, count));
  begin_ += count;
  offset_ += count;
}

std::unique_ptr<RowReader> SourceText::read(std::size_t begin,
                                            const std::vector<std::string>& columns) const {
  TextFiles files(prefix_, text().substr(begin));
  return RowReader::open(source_, columns, files);
}

}  // namespace weft::storage
