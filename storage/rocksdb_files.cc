#include "storage/rocksdb_files.h"

#include <rocksdb/file_system.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/fault_files.h"

namespace weft::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

IOStatus status_of(const FileFault& fault) {
  const std::string text = "injected: " + errno_text(fault.error_number);
  return fault.error_number == ENOSPC ? IOStatus::NoSpace(text) : IOStatus::IOError(text);
}

IOStatus ask(FaultFiles& files, FileOperation operation) {
  const auto fault = files.next_fault(operation);
  return fault ? status_of(*fault) : IOStatus::OK();
}

class WrittenFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WrittenFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, FaultFiles& files)
      : FSWritableFileOwnerWrapper(std::move(file)), files_(files) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    if (const auto fault = files_.next_fault(FileOperation::kWrite)) {
      const std::size_t written = fault->half_written ? data.size() / 2 : 0;
      target()->Append(rocksdb::Slice(data.data(), written), options, debug).PermitUncheckedError();
      return status_of(*fault);
    }
    return target()->Append(data, options, debug);
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus PositionedAppend(const rocksdb::Slice& data, std::uint64_t offset, const IOOptions& options,
                            IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kWrite);
    return status.ok() ? target()->PositionedAppend(data, offset, options, debug) : status;
  }
  IOStatus PositionedAppend(const rocksdb::Slice& data, std::uint64_t offset, const IOOptions& options,
                            const rocksdb::DataVerificationInfo&, IODebugContext* debug) override {
    return PositionedAppend(data, offset, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kSync);
    return status.ok() ? target()->Sync(options, debug) : status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kSync);
    return status.ok() ? target()->Fsync(options, debug) : status;
  }
  IOStatus RangeSync(std::uint64_t offset, std::uint64_t bytes, const IOOptions& options,
                     IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kSync);
    return status.ok() ? target()->RangeSync(offset, bytes, options, debug) : status;
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kClose);
    const IOStatus closed = target()->Close(options, debug);  // as the system does even where it fails
    return status.ok() ? closed : status;
  }

 private:
  FaultFiles& files_;
};

class ReadFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  ReadFile(std::unique_ptr<rocksdb::FSRandomAccessFile>&& file, FaultFiles& files)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), files_(files) {}

  IOStatus Read(std::uint64_t offset, std::size_t count, const IOOptions& options, rocksdb::Slice* result,
                char* scratch, IODebugContext* debug) const override {
    const IOStatus status = ask(files_, FileOperation::kRead);
    return status.ok() ? target()->Read(offset, count, options, result, scratch, debug) : status;
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kRead);
    return status.ok() ? target()->MultiRead(requests, count, options, debug) : status;
  }

 private:
  FaultFiles& files_;
};

class StreamedFile final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  StreamedFile(std::unique_ptr<rocksdb::FSSequentialFile>&& file, FaultFiles& files)
      : FSSequentialFileOwnerWrapper(std::move(file)), files_(files) {}

  IOStatus Read(std::size_t count, const IOOptions& options, rocksdb::Slice* result, char* scratch,
                IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kRead);
    return status.ok() ? target()->Read(count, options, result, scratch, debug) : status;
  }

 private:
  FaultFiles& files_;
};

class Folder final : public rocksdb::FSDirectoryWrapper {
 public:
  Folder(std::unique_ptr<rocksdb::FSDirectory>&& folder, FaultFiles& files)
      : FSDirectoryWrapper(folder.get()), owned_(std::move(folder)), files_(files) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kSyncFolder);
    return status.ok() ? owned_->Fsync(options, debug) : status;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& more) override {
    const IOStatus status = ask(files_, FileOperation::kSyncFolder);
    return status.ok() ? owned_->FsyncWithDirOptions(options, debug, more) : status;
  }

 private:
  std::unique_ptr<rocksdb::FSDirectory> owned_;
  FaultFiles& files_;
};

class FaultFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultFileSystem(FaultFiles& files)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), files_(files) {}
  const char* Name() const override { return "WeftFaultFileSystem"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* debug) override {
    return wrapped<StreamedFile>(FileOperation::kOpen, result,
                                 [&] { return target()->NewSequentialFile(path, options, result, debug); });
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* debug) override {
    return wrapped<ReadFile>(FileOperation::kOpen, result,
                             [&] { return target()->NewRandomAccessFile(path, options, result, debug); });
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) override {
    return wrapped<WrittenFile>(FileOperation::kCreate, result,
                                [&] { return target()->NewWritableFile(path, options, result, debug); });
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* debug) override {
    return wrapped<WrittenFile>(FileOperation::kCreate, result,
                                [&] { return target()->ReopenWritableFile(path, options, result, debug); });
  }
  IOStatus ReuseWritableFile(const std::string& path, const std::string& old, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                             IODebugContext* debug) override {
    return wrapped<WrittenFile>(FileOperation::kCreate, result, [&] {
      return target()->ReuseWritableFile(path, old, options, result, debug);
    });
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) override {
    return wrapped<Folder>(FileOperation::kOpen, result,
                           [&] { return target()->NewDirectory(path, options, result, debug); });
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kRemove);
    return status.ok() ? target()->DeleteFile(path, options, debug) : status;
  }
  IOStatus CreateDir(const std::string& path, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kMakeFolders);
    return status.ok() ? target()->CreateDir(path, options, debug) : status;
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& options,
                              IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kMakeFolders);
    return status.ok() ? target()->CreateDirIfMissing(path, options, debug) : status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kRename);
    return status.ok() ? target()->RenameFile(from, to, options, debug) : status;
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* debug) override {
    const IOStatus status = ask(files_, FileOperation::kRename);
    return status.ok() ? target()->LinkFile(from, to, options, debug) : status;
  }

 private:
  template <typename Wrapper, typename File, typename Open>
  IOStatus wrapped(FileOperation operation, std::unique_ptr<File>* result, const Open& open) {
    IOStatus status = ask(files_, operation);
    if (!status.ok()) return status;
    status = open();
    if (status.ok()) *result = std::make_unique<Wrapper>(std::move(*result), files_);
    return status;
  }

  FaultFiles& files_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> fault_file_system(Files& files) {
  auto* const faults = dynamic_cast<FaultFiles*>(&files);
  if (faults == nullptr) return rocksdb::FileSystem::Default();
  return std::make_shared<FaultFileSystem>(*faults);
}

std::unique_ptr<rocksdb::Env> fault_environment(Files& files) {
  if (dynamic_cast<FaultFiles*>(&files) == nullptr) return nullptr;
  return rocksdb::NewCompositeEnv(fault_file_system(files));
}

}  // namespace weft::storage
