#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/mapped_file.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& action, const fs::path& path, int error_number) {
  ErrorContext context{.file = path.string()};
  if (error_number == ENOSPC)
    context.hint = "free disk space and run the same command again: nothing half-written is kept";
  throw Error(fmt::format("cannot {}: {}", action, errno_text(error_number)), std::move(context));
}

class PosixFile final : public WritableFile {
 public:
  explicit PosixFile(const fs::path& path) : path_(path) {
    buffer_.reserve(kBufferBytes);
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd_ < 0) fail("create file", path_, errno);
  }
  ~PosixFile() override {
    if (fd_ >= 0) ::close(fd_);
  }

  using WritableFile::append;
  void append(std::span<const std::byte> bytes) override {
    if (buffer_.size() + bytes.size() > kBufferBytes) flush();
    if (bytes.size() >= kBufferBytes) {
      write_all(bytes);
    } else {
      buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    }
  }
  void sync() override {
    flush();
    if (::fsync(fd_) != 0) fail("sync file", path_, errno);
  }
  void start_sync() override {
    flush();
    ::sync_file_range(fd_, 0, 0, SYNC_FILE_RANGE_WRITE);  // a wish: failing changes nothing
  }
  void close() override {
    if (fd_ < 0) return;
    flush();
    const int fd = fd_;
    fd_ = -1;
    if (::close(fd) != 0) fail("close file", path_, errno);
  }

 private:
  static constexpr std::size_t kBufferBytes = 1 << 18;

  void flush() {
    write_all(buffer_);
    buffer_.clear();
  }
  void write_all(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("write file", path_, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
  }

  fs::path path_;
  int fd_ = -1;
  std::vector<std::byte> buffer_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  explicit PosixReadableFile(const fs::path& path) : path_(path) {
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not block
    if (fd_ < 0) fail("open file", path_, errno);
    struct stat info = {};
    const bool known = ::fstat(fd_, &info) == 0;
    if (known && S_ISREG(info.st_mode)) {
      size_ = static_cast<std::uint64_t>(info.st_size);
      return;
    }
    const int saved = errno;
    ::close(fd_);
    if (!known) fail("read file", path_, saved);
    throw Error("is not a regular file", {.file = path_.string()});
  }
  ~PosixReadableFile() override { ::close(fd_); }
  PosixReadableFile(const PosixReadableFile&) = delete;
  PosixReadableFile& operator=(const PosixReadableFile&) = delete;

  std::uint64_t size() const override { return size_; }

  using ReadableFile::read_at;
  void read_at(std::uint64_t offset, std::span<std::byte> out) override {
    WEFT_CHECK(offset <= size_ && out.size() <= size_ - offset);
    while (!out.empty()) {
      const ssize_t n = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("read file", path_, errno);
      if (n == 0) {
        throw Error("the file shrank while it was read",
                    {.file = path_.string(),
                     .expected = fmt::format("{} bytes, as when it was opened", size_),
                     .hint = "run the same command again when nothing writes to the file"});
      }
      offset += static_cast<std::uint64_t>(n);
      out = out.subspan(static_cast<std::size_t>(n));
    }
  }

 private:
  fs::path path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

// What WEFT_KILL_POINT or WEFT_STOP_POINT ask for.
struct PointRequest {
  std::string name = {};
  std::uint64_t passing = 1;
};

PointRequest read_request(const char* variable) {
  PointRequest r;
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): read once, never set by us
  if (text == nullptr) return r;
  r.name = text;
  if (const auto colon = r.name.rfind(':'); colon != std::string::npos) {
    const std::string number = r.name.substr(colon + 1);
    const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), r.passing);
    if (code != std::errc() || end != number.data() + number.size() || r.passing == 0) {
      // Ignored, it would let a crash test pass that never crashed anything.
      throw Error("not a kill point",
                  {.field = variable, .value = text, .expected = "name or name:passing, passing from 1"},
                  ErrorKind::kUsage);
    }
    r.name.resize(colon);
  }
  return r;
}

class PosixFiles final : public Files {
 public:
  std::unique_ptr<WritableFile> create(const fs::path& path) override {
    return std::make_unique<PosixFile>(path);
  }
  MappedFile map(const fs::path& path) override { return MappedFile(path); }
  std::unique_ptr<ReadableFile> open(const fs::path& path) override {
    return std::make_unique<PosixReadableFile>(path);
  }
  void rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) fail(fmt::format("rename to {}", to.string()), from, errno);
  }
  void remove_all(const fs::path& path) override {
    std::error_code code;
    fs::remove_all(path, code);
    if (code) fail("remove", path, code.value());
  }
  void make_folders(const fs::path& path) override {
    if (path.empty()) return;  // what lies above a bare name: the current folder
    std::error_code code;
    fs::create_directories(path, code);
    if (code) fail("create folder", path, code.value());
  }
  void sync_folder(const fs::path& folder) override {
    const fs::path target = folder.empty() ? fs::path(".") : folder;
    const int fd = ::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) fail("open folder", target, errno);
    const int rc = ::fsync(fd);
    const int saved = errno;
    ::close(fd);
    if (rc != 0) fail("sync folder", target, saved);
  }
  void kill_point(std::string_view name) override {
    static const PointRequest kill = read_request("WEFT_KILL_POINT");
    static const PointRequest stop = read_request("WEFT_STOP_POINT");
    if (!stop.name.empty() && stop.name == name && ++passed_stop_ == stop.passing)
      ::kill(::getpid(), SIGSTOP);
    if (kill.name.empty() || kill.name != name || ++passed_kill_ != kill.passing) return;
    ::kill(::getpid(), SIGKILL);
    while (true) ::pause();  // the signal may reach another thread first: this one must not go on
  }

 private:
  std::atomic<std::uint64_t> passed_kill_{0}, passed_stop_{0};
};

}  // namespace

void Files::write_whole(const fs::path& path, std::string_view content) {
  auto file = create(path);
  file->append(content);
  file->sync();
  file->close();
}

std::string Files::read_whole(const fs::path& path) {
  const MappedFile file = map(path);
  return std::string(file.text());
}

void Files::replace_whole(const fs::path& path, std::string_view content) {
  fs::path temporary = path;
  temporary += ".tmp";
  try {
    write_whole(temporary, content);
    kill_point("replace.before_rename");
    rename(temporary, path);
  } catch (...) {
    std::error_code ignored;  // the failure to report is the first one
    fs::remove(temporary, ignored);
    throw;
  }
  sync_folder(path.parent_path());
}

Files& real_files() {
  static PosixFiles files;
  return files;
}

}  // namespace weft
