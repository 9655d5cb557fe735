#include "storage/take_in_guard.h"

#include <string>
#include <string_view>
#include <utility>

namespace weft::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

bool is_table(std::string_view path) {
  return path.ends_with(".sst");
}

bool is_list(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1).starts_with("MANIFEST-");
}

// Opened while table files are taken in.
class GuardedTable final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  GuardedTable(std::unique_ptr<rocksdb::FSRandomAccessFile>&& file, TakeInGuard& guard)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), guard_(guard) {}

  IOStatus Read(std::uint64_t offset, std::size_t count, const IOOptions& options, rocksdb::Slice* result,
                char* scratch, IODebugContext* debug) const override {
    return noted(target()->Read(offset, count, options, result, scratch, debug));
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    IOStatus status = noted(target()->MultiRead(requests, count, options, debug));
    for (std::size_t i = 0; i < count; ++i) {
      if (!requests[i].status.ok()) guard_.could_not_read();
    }
    return status;
  }

 private:
  IOStatus noted(IOStatus status) const {
    if (!status.ok()) guard_.could_not_read();
    return status;
  }
  TakeInGuard& guard_;
};

class GuardedList final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  GuardedList(std::unique_ptr<rocksdb::FSWritableFile>&& file, TakeInGuard& guard)
      : FSWritableFileOwnerWrapper(std::move(file)), guard_(guard) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return guard_.holds_back_list() ? held_back() : target()->Append(data, options, debug);
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification, IODebugContext* debug) override {
    return guard_.holds_back_list() ? held_back() : target()->Append(data, options, verification, debug);
  }

 private:
  static IOStatus held_back() {
    return IOStatus::IOError("a table file could not be read as it was taken into the store");
  }
  TakeInGuard& guard_;
};

class GuardedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  GuardedFileSystem(std::shared_ptr<rocksdb::FileSystem> inner, TakeInGuard& guard)
      : FileSystemWrapper(std::move(inner)), guard_(guard) {}
  const char* Name() const override { return "WeftGuardedFileSystem"; }

  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* debug) override {
    IOStatus status = target()->NewRandomAccessFile(path, options, result, debug);
    if (status.ok() && guard_.guards() && is_table(path))
      *result = std::make_unique<GuardedTable>(std::move(*result), guard_);
    return status;
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) override {
    IOStatus status = target()->NewWritableFile(path, options, result, debug);
    if (status.ok() && is_list(path)) *result = std::make_unique<GuardedList>(std::move(*result), guard_);
    return status;
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* debug) override {
    if (guard_.guards() && is_table(path)) return IOStatus::OK();
    return target()->DeleteFile(path, options, debug);
  }

 private:
  TakeInGuard& guard_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> guarded_file_system(std::shared_ptr<rocksdb::FileSystem> inner,
                                                         TakeInGuard& guard) {
  return std::make_shared<GuardedFileSystem>(std::move(inner), guard);
}

}  // namespace weft::storage
