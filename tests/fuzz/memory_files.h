// Files that are there only in memory, for parsers that read through the file layer. Reading only: whatever
// would write throws.
#pragma once

#include <map>
#include <string>

#include "base/files.h"

namespace weft::fuzz {

class MemoryFiles final : public Files {
 public:
  void set(const std::filesystem::path& path, std::string content) {
    content_[path.string()] = std::move(content);
  }

  std::unique_ptr<ReadableFile> open(const std::filesystem::path& path) override;
  std::unique_ptr<WritableFile> create(const std::filesystem::path& path) override;
  MappedFile map(const std::filesystem::path& path) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove_all(const std::filesystem::path& path) override;
  void make_folders(const std::filesystem::path& path) override;
  void sync_folder(const std::filesystem::path& folder) override;
  void kill_point(std::string_view) override {}

 private:
  std::map<std::string, std::string> content_;
};

}  // namespace weft::fuzz
