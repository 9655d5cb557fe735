// Encoded vectors by content and encoder, kept between runs in a RocksDB of their own (workspace/vectors): a
// cache that may be deleted at any time, and that training can fill while another process ingests.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"

namespace weft::storage {

// Keys and values are bytes; values carry their own checksum. Thread-safe. One process at a time: open()
// throws Error with the holder's pid otherwise.
class VectorCache {
 public:
  static VectorCache open(const std::filesystem::path& folder, Files& files = real_files());
  VectorCache(VectorCache&&) noexcept;
  VectorCache& operator=(VectorCache&&) noexcept;
  ~VectorCache();

  // [keys]; nothing where absent or damaged.
  std::vector<std::optional<std::string>> get_many(std::span<const std::string> keys) const;
  // Later values win. Not synced: a power cut may lose the newest ones.
  void put_many(std::span<const std::pair<std::string, std::string>> entries);
  // Removes every key that begins with none of the prefixes, and gives their space back.
  void keep_only(const std::set<std::string>& prefixes);
  // Removes every key that ends in '/' and one of the names, down to its last byte.
  void remove_content(const std::set<std::string>& names);

 private:
  struct Impl;
  explicit VectorCache(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::storage
