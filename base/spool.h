// Temporary data of what may be larger than memory: sequences of bytes that are written once, in order, and
// read in order, held in memory or in a file of a temporary folder.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/files.h"

namespace weft {

// The temporary folder. What a killed run left in it goes when it is made anew, and all of it with the
// object.
class Scratch {
 public:
  Scratch(std::filesystem::path folder, Files& files);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  Files& files() { return files_; }
  // A name that no file has yet. Thread-safe.
  std::filesystem::path new_path(std::string_view what);

  // Bytes on disk, for the report. Thread-safe.
  void grew(std::uint64_t bytes);
  void shrank(std::uint64_t bytes) { bytes_ -= bytes; }
  void count_run() { ++runs_; }
  std::uint64_t peak_bytes() const { return peak_; }
  std::uint64_t runs() const { return runs_; }  // spools that went to disk

 private:
  std::filesystem::path folder_;
  Files& files_;
  std::atomic<std::uint64_t> names_ = 0, bytes_ = 0, peak_ = 0, runs_ = 0;
};

enum class Keep { kInMemory, kOnDisk };

// Finished. Its file goes with it.
class Spool {
 public:
  Spool() = default;
  Spool(Spool&& other) noexcept { *this = std::move(other); }
  Spool& operator=(Spool&& other) noexcept;
  ~Spool() { drop(); }

  std::uint64_t size() const { return size_; }

 private:
  friend class SpoolWriter;
  friend class SpoolReader;
  void drop() noexcept;

  Scratch* scratch_ = nullptr;  // null: in memory
  std::filesystem::path path_;
  std::string bytes_;
  std::uint64_t size_ = 0;
};

class SpoolWriter {
 public:
  SpoolWriter(Scratch& scratch, std::string_view what, Keep keep);
  // In memory up to so many bytes, then on disk.
  SpoolWriter(Scratch& scratch, std::string_view what, std::size_t memory);

  void append(const void* bytes, std::size_t count) {
    if (file_ == nullptr) {
      spool_.bytes_.append(static_cast<const char*>(bytes), count);
      if (spool_.bytes_.size() > memory_) move_to_disk();
    } else {
      file_->append(std::string_view(static_cast<const char*>(bytes), count));
    }
    spool_.size_ += count;
  }
  template <typename Record>
  void put(const Record& record) {
    append(&record, sizeof(record));
  }
  Spool finish();

 private:
  void move_to_disk();

  Scratch& scratch_;
  std::string what_;
  std::size_t memory_;
  Spool spool_;
  std::unique_ptr<WritableFile> file_;
};

// The spool must outlive it. A file is opened for each refill of the buffer, so that any number of spools can
// be read side by side.
class SpoolReader {
 public:
  SpoolReader(const Spool& spool, Files& files, std::size_t buffer_bytes);

  // The next `count` bytes, side by side, valid until the next call; null at the end. Throws Error if the
  // spool ends within them.
  const char* take(std::size_t count) {
    if (count <= rest_.size()) {
      const char* at = rest_.data();
      rest_.remove_prefix(count);
      return at;
    }
    return refill(count);
  }
  template <typename Record>
  bool get(Record& record) {
    const char* at = take(sizeof(record));
    if (at != nullptr) std::memcpy(&record, at, sizeof(record));
    return at != nullptr;
  }

 private:
  const char* refill(std::size_t count);

  const Spool& spool_;
  Files& files_;
  std::size_t buffer_bytes_;
  std::string buffer_;
  std::string_view rest_ = {};
  std::uint64_t read_ = 0;  // of the file
};

}  // namespace weft
