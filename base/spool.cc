#include "base/spool.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <limits>

#include "base/error.h"

namespace weft {

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
  path_ = std::move(other.path_);
  bytes_ = std::move(other.bytes_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void Spool::drop() noexcept {
  if (scratch_ == nullptr) return;
  try {
    scratch_->files().remove_all(path_);
  } catch (const std::exception&) {  // goes with the folder
  }
  scratch_->shrank(size_);
  scratch_ = nullptr;
}

SpoolWriter::SpoolWriter(Scratch& scratch, std::string_view what, Keep keep)
    : SpoolWriter(scratch, what, std::numeric_limits<std::size_t>::max()) {
  if (keep == Keep::kOnDisk) move_to_disk();
}

SpoolWriter::SpoolWriter(Scratch& scratch, std::string_view what, std::size_t memory)
    : scratch_(scratch), what_(what), memory_(memory) {}

void SpoolWriter::move_to_disk() {
  spool_.scratch_ = &scratch_;
  spool_.path_ = scratch_.new_path(what_);
  file_ = scratch_.files().create(spool_.path_);
  file_->append(std::string_view(spool_.bytes_));
  std::string().swap(spool_.bytes_);
}

Spool SpoolWriter::finish() {
  if (file_ != nullptr) {
    file_->close();
    file_.reset();
    scratch_.grew(spool_.size_);
    if (spool_.size_ > 0) scratch_.count_run();
  }
  return std::move(spool_);
}

SpoolReader::SpoolReader(const Spool& spool, Files& files, std::size_t buffer_bytes)
    : spool_(spool), files_(files), buffer_bytes_(std::max<std::size_t>(buffer_bytes, 4096)) {
  if (spool_.scratch_ == nullptr) {
    rest_ = spool_.bytes_;
    read_ = spool_.size_;
  }
}

const char* SpoolReader::refill(std::size_t count) {
  const std::uint64_t left = spool_.size_ - read_;
  if (rest_.empty() && left == 0) return nullptr;
  if (rest_.size() + left < count)
    throw Error("a temporary file ends early", {.file = spool_.path_.string()});
  std::string next(std::min<std::uint64_t>(std::max(count, buffer_bytes_), rest_.size() + left), '\0');
  std::copy(rest_.begin(), rest_.end(), next.begin());
  const std::span<char> room = std::span(next).subspan(rest_.size());
  files_.open(spool_.path_)->read_at(read_, room);
  read_ += room.size();
  buffer_ = std::move(next);
  rest_ = std::string_view(buffer_).substr(count);
  return buffer_.data();
}

}  // namespace weft
