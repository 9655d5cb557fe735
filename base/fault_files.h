// Files that fail on demand: the n-th create, write, sync, close, rename, remove, map, open or read
// throws, or a kill point runs an action. For tests of what survives a failure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/files.h"

namespace weft {

enum class FileOperation {
  kCreate,
  kWrite,
  kSync,
  kClose,
  kRename,
  kRemove,
  kMap,
  kOpen,
  kRead,
  kMakeFolders,
  kSyncFolder
};

// What an injected failure is like. By default a failing write leaves its first half in the file (a short
// write) and the device is in error.
struct FaultKind {
  bool no_space = false;     // ENOSPC rather than EIO
  bool half_written = true;  // otherwise nothing of the write reaches the file
  // From then on all that needs space (creating, writing, making folders) fails alike, until heal().
  bool stays = false;
};

// How an operation fails that is made to fail.
struct FileFault {
  int error_number = 0;
  bool half_written = false;  // of a write: its first half reaches the file all the same
};

// Forwards to `inner` and counts. Thread-safe. `inner` must outlive it.
class FaultFiles final : public Files {
 public:
  explicit FaultFiles(Files& inner) : inner_(inner) {}

  // The n-th operation of this kind from now on (1 = the next) throws Error "injected: ..."; later ones work
  // again unless the fault stays. A failing write leaves all bytes before it in the file; a failing close
  // leaves what an earlier sync had written. Operations of libraries (next_fault()) count too.
  void fail_nth(FileOperation operation, std::uint64_t n, FaultKind kind = {});
  // Takes back what was asked for, and what stays.
  void heal();
  std::uint64_t injected() const;  // how many operations were made to fail
  // Called with each kill point's name as it is passed; may throw or kill the process.
  void on_kill_point(std::function<void(std::string_view)> action);
  // How often each operation ran, and each kill point was passed.
  std::uint64_t count(FileOperation operation) const;
  std::map<std::string, std::uint64_t> kill_points_passed() const;

  std::unique_ptr<WritableFile> create(const std::filesystem::path& path) override;
  MappedFile map(const std::filesystem::path& path) override;
  std::unique_ptr<ReadableFile> open(const std::filesystem::path& path) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove_all(const std::filesystem::path& path) override;
  void make_folders(const std::filesystem::path& path) override;
  void sync_folder(const std::filesystem::path& folder) override;
  void kill_point(std::string_view name) override;

  // Counts one operation; how it must fail, if it must. For the files handed out, and for a library that
  // opens files of its own (storage/rocksdb_files.h).
  std::optional<FileFault> next_fault(FileOperation operation);

 private:
  struct Planned {
    std::uint64_t at = 0;
    FaultKind kind = {};
  };
  void pass(FileOperation operation, const std::filesystem::path& path);

  Files& inner_;
  mutable std::mutex mutex_;
  std::map<FileOperation, std::uint64_t> counts_;
  std::map<FileOperation, Planned> planned_;
  std::optional<FaultKind> staying_;
  std::uint64_t injected_ = 0;
  std::map<std::string, std::uint64_t> passed_;
  std::function<void(std::string_view)> action_;
};

}  // namespace weft
