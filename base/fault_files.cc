#include "base/fault_files.h"

#include <cerrno>

#include "base/error.h"
#include "base/mapped_file.h"

namespace weft {
namespace {

[[noreturn]] void injected(const char* operation, const FileFault& fault, const std::filesystem::path& path) {
  throw Error(std::string("injected: ") + operation + " failed: " + errno_text(fault.error_number),
              {.file = path.string()});
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
    if (const auto fault = owner_.next_fault(FileOperation::kWrite)) {
      inner_->append(bytes.first(fault->half_written ? bytes.size() / 2 : 0));
      inner_->sync();  // out of the buffer: the short write must be there for a reader to trip over
      injected("write", *fault, path_);
    }
    inner_->append(bytes);
  }
  void sync() override {
    if (const auto fault = owner_.next_fault(FileOperation::kSync)) injected("sync", *fault, path_);
    inner_->sync();
  }
  void start_sync() override { inner_->start_sync(); }
  void close() override {
    if (const auto fault = owner_.next_fault(FileOperation::kClose)) injected("close", *fault, path_);
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
    if (const auto fault = owner_.next_fault(FileOperation::kRead)) injected("read", *fault, path_);
    inner_->read_at(offset, out);
  }

 private:
  FaultFiles& owner_;
  std::unique_ptr<ReadableFile> inner_;
  std::filesystem::path path_;
};

}  // namespace

void FaultFiles::fail_nth(FileOperation operation, std::uint64_t n, FaultKind kind) {
  const std::lock_guard lock(mutex_);
  planned_[operation] = {counts_[operation] + n, kind};
}

void FaultFiles::heal() {
  const std::lock_guard lock(mutex_);
  planned_.clear();
  staying_.reset();
}

std::uint64_t FaultFiles::injected() const {
  const std::lock_guard lock(mutex_);
  return injected_;
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

std::optional<FileFault> FaultFiles::next_fault(FileOperation operation) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t n = ++counts_[operation];
  const bool needs_space = operation == FileOperation::kCreate || operation == FileOperation::kWrite ||
                           operation == FileOperation::kMakeFolders;
  std::optional<FaultKind> kind = needs_space ? staying_ : std::nullopt;
  const auto found = planned_.find(operation);
  if (found != planned_.end() && found->second.at == n) kind = found->second.kind;
  if (!kind) return std::nullopt;
  ++injected_;
  if (kind->stays) staying_ = kind;
  return FileFault{kind->no_space ? ENOSPC : EIO, kind->half_written};
}

void FaultFiles::pass(FileOperation operation, const std::filesystem::path& path) {
  if (const auto fault = next_fault(operation)) weft::injected(operation_name(operation), *fault, path);
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
