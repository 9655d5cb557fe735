#include "base/fault_files.h"

#include "base/error.h"
#include "base/mapped_file.h"

namespace weft {
namespace {

[[noreturn]] void injected(const char* operation, const std::filesystem::path& path) {
  throw Error(std::string("injected: ") + operation + " failed", {.file = path.string()});
}

const char* operation_name(FileOperation operation) {
  switch (operation) {
    case FileOperation::kCreate:
      return "create";
    case FileOperation::kWrite:
      return "write";
    case FileOperation::kSync:
      return "sync";
    case FileOperation::kClose:
      return "close";
    case FileOperation::kRename:
      return "rename";
    case FileOperation::kRemove:
      return "remove";
    case FileOperation::kMap:
      return "map";
    case FileOperation::kOpen:
      return "open";
    case FileOperation::kRead:
      return "read";
    case FileOperation::kMakeFolders:
      return "make folders";
    case FileOperation::kSyncFolder:
      return "sync folder";
  }
  return "?";
}

class FaultFile final : public WritableFile {
 public:
  FaultFile(FaultFiles& owner, std::unique_ptr<WritableFile> inner, std::filesystem::path path)
      : owner_(owner), inner_(std::move(inner)), path_(std::move(path)) {}
  using WritableFile::append;
  void append(std::span<const std::byte> bytes) override {
    if (owner_.due(FileOperation::kWrite)) {
      inner_->append(bytes.first(bytes.size() / 2));
      inner_->sync();  // out of the buffer: the short write must be there for a reader to trip over
      injected("write", path_);
    }
    inner_->append(bytes);
  }
  void sync() override {
    if (owner_.due(FileOperation::kSync)) injected("sync", path_);
    inner_->sync();
  }
  void close() override {
    if (owner_.due(FileOperation::kClose)) injected("close", path_);
    inner_->close();
  }

 private:
  FaultFiles& owner_;
  std::unique_ptr<WritableFile> inner_;
  std::filesystem::path path_;
};

class FaultReadableFile final : public ReadableFile {
 public:
  FaultReadableFile(FaultFiles& owner, std::unique_ptr<ReadableFile> inner, std::filesystem::path path)
      : owner_(owner), inner_(std::move(inner)), path_(std::move(path)) {}
  std::uint64_t size() const override { return inner_->size(); }
  using ReadableFile::read_at;
  void read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (owner_.due(FileOperation::kRead)) injected("read", path_);
    inner_->read_at(offset, out);
  }

 private:
  FaultFiles& owner_;
  std::unique_ptr<ReadableFile> inner_;
  std::filesystem::path path_;
};

}  // namespace

void FaultFiles::fail_nth(FileOperation operation, std::uint64_t n) {
  const std::lock_guard lock(mutex_);
  fail_at_[operation] = counts_[operation] + n;
}

void FaultFiles::on_kill_point(std::function<void(std::string_view)> action) {
  const std::lock_guard lock(mutex_);
  action_ = std::move(action);
}

std::uint64_t FaultFiles::count(FileOperation operation) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(operation);
  return found == counts_.end() ? 0 : found->second;
}

std::map<std::string, std::uint64_t> FaultFiles::kill_points_passed() const {
  const std::lock_guard lock(mutex_);
  return passed_;
}

bool FaultFiles::due(FileOperation operation) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t n = ++counts_[operation];
  const auto found = fail_at_.find(operation);
  return found != fail_at_.end() && found->second == n;
}

void FaultFiles::pass(FileOperation operation, const std::filesystem::path& path) {
  if (due(operation)) injected(operation_name(operation), path);
}

std::unique_ptr<WritableFile> FaultFiles::create(const std::filesystem::path& path) {
  pass(FileOperation::kCreate, path);
  return std::make_unique<FaultFile>(*this, inner_.create(path), path);
}
MappedFile FaultFiles::map(const std::filesystem::path& path) {
  pass(FileOperation::kMap, path);
  return inner_.map(path);
}
std::unique_ptr<ReadableFile> FaultFiles::open(const std::filesystem::path& path) {
  pass(FileOperation::kOpen, path);
  return std::make_unique<FaultReadableFile>(*this, inner_.open(path), path);
}
void FaultFiles::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  pass(FileOperation::kRename, from);
  inner_.rename(from, to);
}
void FaultFiles::remove_all(const std::filesystem::path& path) {
  pass(FileOperation::kRemove, path);
  inner_.remove_all(path);
}
void FaultFiles::make_folders(const std::filesystem::path& path) {
  pass(FileOperation::kMakeFolders, path);
  inner_.make_folders(path);
}
void FaultFiles::sync_folder(const std::filesystem::path& folder) {
  pass(FileOperation::kSyncFolder, folder);
  inner_.sync_folder(folder);
}
void FaultFiles::kill_point(std::string_view name) {
  std::function<void(std::string_view)> action;
  {
    const std::lock_guard lock(mutex_);
    ++passed_[std::string(name)];
    action = action_;
  }
  if (action) action(name);
  inner_.kill_point(name);
}

}  // namespace weft
