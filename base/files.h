// The file layer that storage/ and graph/ go through, so that tests can make any write, fsync, rename or open
// fail and can stop the process at named moments. base/fault_files.h holds the injecting implementation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

class MappedFile;

// A file being written. Not thread-safe. Bytes may wait in a buffer until sync() or close(). The destructor
// closes without writing what is buffered and without reporting: call close() to keep the file and to learn
// of errors. close() may be called again and then does nothing.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual void append(std::span<const std::byte> bytes) = 0;
  // Flushes the file's data and metadata to the device (fsync).
  virtual void sync() = 0;
  // Asks for what was appended to be on its way to the device, so that a later sync() has little to wait for.
  virtual void start_sync() {}
  virtual void close() = 0;

  void append(std::string_view text) { append(std::as_bytes(std::span(text.data(), text.size()))); }
};

// A file being read in pieces, for files that others may be writing: a map of one that shrinks kills the
// process. Thread-safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  virtual std::uint64_t size() const = 0;  // bytes, as of opening
  // Fills `out` with the bytes from `offset` on, which must lie within size(). Throws Error "the file shrank
  // while it was read" if they are no longer there.
  virtual void read_at(std::uint64_t offset, std::span<std::byte> out) = 0;

  void read_at(std::uint64_t offset, std::span<char> out) { read_at(offset, std::as_writable_bytes(out)); }
};

// All functions throw weft::Error with the path and the system's reason. Thread-safe.
class Files {
 public:
  virtual ~Files() = default;
  // Creates or truncates.
  virtual std::unique_ptr<WritableFile> create(const std::filesystem::path& path) = 0;
  virtual MappedFile map(const std::filesystem::path& path) = 0;
  // Of regular files only.
  virtual std::unique_ptr<ReadableFile> open(const std::filesystem::path& path) = 0;
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual void remove_all(const std::filesystem::path& path) = 0;
  virtual void make_folders(const std::filesystem::path& path) = 0;
  // Makes renames and creations in `folder` durable.
  virtual void sync_folder(const std::filesystem::path& folder) = 0;
  // A named moment at which a crash test may stop the process. Names are dotted: "snapshot.before_rename".
  virtual void kill_point(std::string_view name) = 0;

  // Whole-file conveniences over the above.
  void write_whole(const std::filesystem::path& path, std::string_view content);
  std::string read_whole(const std::filesystem::path& path);
  // Writes under a temporary name beside it (".tmp" appended), syncs, renames, syncs the folder: readers see
  // the old or the new content, never a part. On failure the old content stays and the temporary file is
  // removed. One writer at a time.
  void replace_whole(const std::filesystem::path& path, std::string_view content);
};

// The system's own files. If the environment variable WEFT_KILL_POINT names a kill point ("name", or "name:3"
// for its third passing), the process is killed (SIGKILL) there: the crash tests use it on the real program.
// WEFT_STOP_POINT likewise stops it (SIGSTOP) until it is continued: for tests of what others see meanwhile.
Files& real_files();

}  // namespace weft
