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
#include <vector>

#include "base/files.h"
#include "base/huge_pages.h"

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
  // Of finished spools in memory. Thread-safe.
  std::uint64_t bytes_in_memory() const { return in_memory_; }
  std::uint64_t runs() const { return runs_; }  // spools that went to disk

 private:
  friend class Spool;
  friend class SpoolWriter;
  std::filesystem::path folder_;
  Files& files_;
  std::atomic<std::uint64_t> names_ = 0, bytes_ = 0, peak_ = 0, runs_ = 0, in_memory_ = 0;
};

enum class Keep { kInMemory, kOnDisk };

// Finished. Its file goes with it. The scratch folder must outlive it.
class Spool {
 public:
  Spool() = default;
  Spool(Spool&& other) noexcept { *this = std::move(other); }
  Spool& operator=(Spool&& other) noexcept;
  ~Spool() { drop(); }

  std::uint64_t size() const { return size_; }
  // From memory to a file, if it is in memory. Nobody may be reading it.
  void move_to_disk(std::string_view what);

 private:
  friend class SpoolWriter;
  friend class SpoolReader;
  void drop() noexcept;
  bool on_disk() const { return !path_.empty(); }

  Scratch* scratch_ = nullptr;     // null: nothing was written
  std::filesystem::path path_;     // empty: in memory
  std::vector<HugeBytes> blocks_;  // in memory: of any sizes, end to end
  std::uint64_t size_ = 0;
};

class SpoolWriter {
 public:
  SpoolWriter(Scratch& scratch, std::string_view what, Keep keep);
  // In memory up to so many bytes, then on disk.
  SpoolWriter(Scratch& scratch, std::string_view what, std::size_t memory);

  void append(const void* bytes, std::size_t count) {
    const auto* from = static_cast<const char*>(bytes);
    spool_.size_ += count;
    if (file_ != nullptr) {
      file_->append(std::string_view(from, count));
    } else if (!spool_.blocks_.empty() && count <= spool_.blocks_.back().room()) {
      spool_.blocks_.back().append(from, count);
    } else {
      append_block({from, count});
    }
  }
  template <typename Record>
  void put(const Record& record) {
    append(&record, sizeof(record));
  }
  Spool finish();

 private:
  void append_block(std::string_view bytes);
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
  const char* next_block(std::size_t count);

  const Spool& spool_;
  Files& files_;
  std::size_t buffer_bytes_;
  std::string buffer_;
  std::string_view rest_ = {};
  std::uint64_t read_ = 0;  // of the file or the blocks
  std::size_t block_ = 0;   // the next one
};

}  // namespace weft
