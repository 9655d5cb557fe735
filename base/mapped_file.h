// A read-only memory map of a whole file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace weft {

// Owns the mapping; movable, not copyable. An empty file maps to an empty span. Thread-safe to read.
class MappedFile {
 public:
  MappedFile() = default;
  // Throws Error if the file cannot be opened or mapped.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }
  std::string_view text() const { return {static_cast<const char*>(data_), size_}; }
  std::size_t size() const { return size_; }

  // Views the file as an array of T. Throws Error if the size is no multiple of sizeof(T).
  template <typename T>
  std::span<const T> as() const {
    check_multiple(sizeof(T));
    return {reinterpret_cast<const T*>(data_), size_ / sizeof(T)};  // mmap is page-aligned
  }

 private:
  void check_multiple(std::size_t item_size) const;

  std::filesystem::path path_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace weft
