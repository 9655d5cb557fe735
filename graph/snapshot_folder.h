// A snapshot folder while it is written: its files, streamed and hashed one by one, and the way to
// its final name. Nothing is visible under that name until every file and the folder are synced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "graph/snapshot_manifest.h"

namespace weft::graph {

class SnapshotFolder {
 public:
  // Makes FOLDER.tmp (what a killed writer left of it goes first). Throws Error if `folder` exists, which
  // then stays as it is.
  SnapshotFolder(const std::filesystem::path& folder, Files& files);
  // Removes everything unless publish() returned.
  ~SnapshotFolder();
  SnapshotFolder(const SnapshotFolder&) = delete;
  SnapshotFolder& operator=(const SnapshotFolder&) = delete;

  Files& files() { return files_; }
  const std::filesystem::path& path() const { return temporary_; }
  // A file is whole. It is synced by the time of seal(): meanwhile the disk has begun. Thread-safe.
  void add(ManifestFile file, std::unique_ptr<WritableFile> written);
  // Fills in files and checksum, writes the manifest, syncs the folder. Kill point: snapshot.before_manifest.
  SnapshotInfo seal(Manifest manifest);
  // To the final name. If the rename cannot be made durable, nothing is there and an Error says so. Kill
  // points: snapshot.before_rename, snapshot.after_rename.
  void publish();

 private:
  static constexpr std::size_t kMostOpen = 32;
  void discard() noexcept;

  Files& files_;
  std::filesystem::path target_, temporary_;
  bool published_ = false;
  std::mutex mutex_;  // guards all below
  std::vector<ManifestFile> written_;
  std::deque<std::unique_ptr<WritableFile>> not_synced_;
};

// One file of the folder. Not thread-safe; several may be written side by side.
class SnapshotFile {
 public:
  SnapshotFile(SnapshotFolder& folder, const std::string& name)
      : folder_(folder), file_(folder.files().create(folder.path() / name)), entry_{name} {}
  void append(std::span<const std::byte> bytes) {
    file_->append(bytes);
    hasher_.update(bytes);
    entry_.size += bytes.size();
  }
  void close();

 private:
  SnapshotFolder& folder_;
  std::unique_ptr<WritableFile> file_;
  ManifestFile entry_;
  Hasher64 hasher_;
};

// A file of one type's entries, put one by one.
template <typename T>
class ColumnFile {
 public:
  ColumnFile(SnapshotFolder& folder, const std::string& name) : file_(folder, name) {}
  void put(T item) {
    if (buffer_.size() == kItems) flush();
    buffer_.push_back(item);
    ++count_;
  }
  void put(std::span<const T> items) {
    flush();
    file_.append(std::as_bytes(items));
    count_ += items.size();
  }
  void fill(T item, std::uint64_t up_to) {
    while (count_ < up_to) put(item);
  }
  std::uint64_t count() const { return count_; }
  void close() {
    flush();
    file_.close();
    std::vector<T>().swap(buffer_);
  }

 private:
  static constexpr std::size_t kItems = (std::size_t{1} << 16) / sizeof(T);
  void flush() {
    if (buffer_.empty()) {
      buffer_.reserve(kItems);
      return;
    }
    file_.append(std::as_bytes(std::span<const T>(buffer_)));
    buffer_.clear();
  }

  SnapshotFile file_;
  std::vector<T> buffer_;
  std::uint64_t count_ = 0;
};

// Strings end to end: NAME.bytes and NAME.offsets.
class StringsFile {
 public:
  StringsFile(SnapshotFolder& folder, const std::string& name)
      : bytes_(folder, name + ".bytes"), offsets_(folder, name + ".offsets") {
    offsets_.put(0);
  }
  void put(std::string_view text) {
    if (text.size() > kBytes - buffer_.size()) flush();
    if (text.size() > kBytes) {
      bytes_.append(std::as_bytes(std::span(text)));
    } else {
      buffer_ += text;
    }
    size_ += text.size();
    offsets_.put(size_);
  }
  void fill(std::uint64_t up_to) {
    while (count() < up_to) put(std::string_view());
  }
  std::uint64_t count() const { return offsets_.count() - 1; }
  void close() {
    flush();
    bytes_.close();
    offsets_.close();
    std::string().swap(buffer_);
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{1} << 16;
  void flush() {
    if (!buffer_.empty()) bytes_.append(std::as_bytes(std::span(buffer_)));
    buffer_.clear();
    buffer_.reserve(kBytes);
  }

  SnapshotFile bytes_;
  ColumnFile<std::uint64_t> offsets_;
  std::string buffer_;
  std::uint64_t size_ = 0;
};

}  // namespace weft::graph
