// Files that fail on demand: the n-th create, write, sync, close, rename, remove, map, open or read
// throws, or a kill point runs an action. For tests of what survives a failure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
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

// Forwards to `inner` and counts. Thread-safe. `inner` must outlive it.
class FaultFiles final : public Files {
 public:
  explicit FaultFiles(Files& inner) : inner_(inner) {}

  // The n-th operation of this kind from now on (1 = the next) throws Error "injected: ..."; later ones work
  // again. A failing write leaves all bytes before it and the first half of its own in the file (a short
  // write); a failing close leaves what an earlier sync had written.
  void fail_nth(FileOperation operation, std::uint64_t n);
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

  // Counts one operation; true if it is the one that must fail. Used by the files it hands out.
  bool due(FileOperation operation);

 private:
  void pass(FileOperation operation, const std::filesystem::path& path);

  Files& inner_;
  mutable std::mutex mutex_;
  std::map<FileOperation, std::uint64_t> counts_;
  std::map<FileOperation, std::uint64_t> fail_at_;
  std::map<std::string, std::uint64_t> passed_;
  std::function<void(std::string_view)> action_;
};

}  // namespace weft
