#include "tests/fuzz/memory_files.h"

#include <cstring>

#include "base/error.h"
#include "base/mapped_file.h"

namespace weft::fuzz {
namespace {

class MemoryFile final : public ReadableFile {
 public:
  explicit MemoryFile(const std::string& content) : content_(content) {}
  std::uint64_t size() const override { return content_.size(); }
  void read_at(std::uint64_t offset, std::span<std::byte> out) override {
    WEFT_CHECK(offset <= content_.size() && out.size() <= content_.size() - offset);
    if (!out.empty()) std::memcpy(out.data(), content_.data() + offset, out.size());
  }

 private:
  const std::string& content_;
};

[[noreturn]] void refuse(const std::filesystem::path& path) {
  throw Error("cannot be written or mapped here", {.file = path.string()});
}

}  // namespace

std::unique_ptr<ReadableFile> MemoryFiles::open(const std::filesystem::path& path) {
  const auto found = content_.find(path.string());
  if (found == content_.end()) throw Error("no such file", {.file = path.string()});
  return std::make_unique<MemoryFile>(found->second);
}
std::unique_ptr<WritableFile> MemoryFiles::create(const std::filesystem::path& path) {
  refuse(path);
}
MappedFile MemoryFiles::map(const std::filesystem::path& path) {
  refuse(path);
}
void MemoryFiles::rename(const std::filesystem::path& from, const std::filesystem::path&) {
  refuse(from);
}
void MemoryFiles::remove_all(const std::filesystem::path& path) {
  refuse(path);
}
void MemoryFiles::make_folders(const std::filesystem::path& path) {
  refuse(path);
}
void MemoryFiles::sync_folder(const std::filesystem::path& folder) {
  refuse(folder);
}

}  // namespace weft::fuzz
