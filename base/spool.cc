#include "base/spool.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <limits>

#include "base/error.h"

namespace weft {
namespace {

// A spool in memory begins with a small block; each next one is as large as all before it, within limits.
constexpr std::size_t kFirstBlock = std::size_t{4} << 10, kMostBlock = std::size_t{4} << 20;

}  // namespace

Scratch::Scratch(std::filesystem::path folder, Files& files) : folder_(std::move(folder)), files_(files) {
  files_.remove_all(folder_);
  files_.make_folders(folder_);
}

Scratch::~Scratch() {
  try {
    files_.remove_all(folder_);
  } catch (const std::exception&) {  // the next run removes it
  }
}

std::filesystem::path Scratch::new_path(std::string_view what) {
  return folder_ / fmt::format("{}.{}", names_++, what);
}

void Scratch::grew(std::uint64_t bytes) {
  const std::uint64_t now = bytes_ += bytes;
  std::uint64_t peak = peak_;
  while (now > peak && !peak_.compare_exchange_weak(peak, now)) {
  }
}

Spool& Spool::operator=(Spool&& other) noexcept {
  if (this == &other) return *this;
  drop();
  scratch_ = std::exchange(other.scratch_, nullptr);
  path_ = std::exchange(other.path_, {});
  blocks_ = std::exchange(other.blocks_, {});
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void Spool::drop() noexcept {
  if (scratch_ == nullptr) return;
  if (on_disk()) {
    try {
      scratch_->files().remove_all(path_);
    } catch (const std::exception&) {  // goes with the folder
    }
    scratch_->shrank(size_);
  } else {
    scratch_->in_memory_ -= size_;
  }
  scratch_ = nullptr;
}

void Spool::move_to_disk(std::string_view what) {
  if (scratch_ == nullptr || on_disk()) return;
  const std::filesystem::path path = scratch_->new_path(what);
  const std::unique_ptr<WritableFile> file = scratch_->files().create(path);
  for (const HugeBytes& block : blocks_) file->append(block.view());
  file->close();
  path_ = path;
  scratch_->in_memory_ -= size_;
  std::vector<HugeBytes>().swap(blocks_);
  scratch_->grew(size_);
  scratch_->count_run();
}

SpoolWriter::SpoolWriter(Scratch& scratch, std::string_view what, Keep keep)
    : SpoolWriter(scratch, what, std::numeric_limits<std::size_t>::max()) {
  if (keep == Keep::kOnDisk) move_to_disk();
}

SpoolWriter::SpoolWriter(Scratch& scratch, std::string_view what, std::size_t memory)
    : scratch_(scratch), what_(what), memory_(memory) {}

void SpoolWriter::append_block(std::string_view bytes) {
  std::vector<HugeBytes>& blocks = spool_.blocks_;
  if (!blocks.empty()) {
    const std::size_t part = blocks.back().room();
    blocks.back().append(bytes.data(), part);
    bytes.remove_prefix(part);
  }
  const std::size_t wanted =
      std::min(std::clamp<std::size_t>(spool_.size_, kFirstBlock, kMostBlock), memory_);
  blocks.emplace_back(std::max(bytes.size(), wanted)).append(bytes.data(), bytes.size());
  if (spool_.size_ > memory_) move_to_disk();
}

void SpoolWriter::move_to_disk() {
  spool_.scratch_ = &scratch_;
  spool_.path_ = scratch_.new_path(what_);
  file_ = scratch_.files().create(spool_.path_);
  for (const HugeBytes& block : spool_.blocks_) file_->append(block.view());
  std::vector<HugeBytes>().swap(spool_.blocks_);
}

Spool SpoolWriter::finish() {
  if (file_ != nullptr) {
    file_->close();
    file_.reset();
    scratch_.grew(spool_.size_);
    if (spool_.size_ > 0) scratch_.count_run();
  } else if (spool_.size_ > 0) {
    // The last block becomes as large as what is in it.
    if (HugeBytes& last = spool_.blocks_.back(); last.room() > 0) {
      HugeBytes whole(last.size());
      whole.append(last.view().data(), last.size());
      last = std::move(whole);
    }
    spool_.scratch_ = &scratch_;
    scratch_.in_memory_ += spool_.size_;
  }
  return std::move(spool_);
}

SpoolReader::SpoolReader(const Spool& spool, Files& files, std::size_t buffer_bytes)
    : spool_(spool), files_(files), buffer_bytes_(std::max<std::size_t>(buffer_bytes, 4096)) {}

const char* SpoolReader::refill(std::size_t count) {
  const std::uint64_t left = spool_.size_ - read_;
  if (rest_.empty() && left == 0) return nullptr;
  if (rest_.size() + left < count)
    throw Error("a temporary file ends early", {.file = spool_.path_.string()});
  if (!spool_.on_disk()) return next_block(count);
  std::string next(std::min<std::uint64_t>(std::max(count, buffer_bytes_), rest_.size() + left), '\0');
  std::copy(rest_.begin(), rest_.end(), next.begin());
  const std::span<char> room = std::span(next).subspan(rest_.size());
  files_.open(spool_.path_)->read_at(read_, room);
  read_ += room.size();
  buffer_ = std::move(next);
  rest_ = std::string_view(buffer_).substr(count);
  return buffer_.data();
}

// What lies in more than one block is put together; the rest is read where it lies.
const char* SpoolReader::next_block(std::size_t count) {
  const auto go_on = [this] {
    rest_ = spool_.blocks_[block_++].view();
    read_ += rest_.size();
  };
  std::string together(rest_);
  go_on();
  if (together.empty() && rest_.size() >= count) {
    const char* at = rest_.data();
    rest_.remove_prefix(count);
    return at;
  }
  while (true) {
    const std::size_t part = std::min(count - together.size(), rest_.size());
    together += rest_.substr(0, part);
    rest_.remove_prefix(part);
    if (together.size() == count) break;
    go_on();
  }
  buffer_ = std::move(together);
  return buffer_.data();
}

}  // namespace weft
