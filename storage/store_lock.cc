#include "storage/store_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace weft::storage {

StoreLock::StoreLock(const std::filesystem::path& file, const std::string& what, Meanwhile meanwhile) {
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    const int why = errno;
    throw Error(fmt::format("cannot open the lock of {}: {}", what, errno_text(why)),
                {.file = file.string(),
                 .hint = why == ENOSPC ? "free disk space and run the same command again" : ""});
  }
  int reason = 0;
  do {
    reason = ::flock(fd_, LOCK_EX | (meanwhile == Meanwhile::kRefuse ? LOCK_NB : 0)) == 0 ? 0 : errno;
  } while (reason == EINTR);
  if (reason != 0) {
    char text[32] = {};
    const ssize_t count = ::pread(fd_, text, sizeof(text) - 1, 0);
    ::close(fd_);
    fd_ = -1;
    if (reason != EWOULDBLOCK)
      throw Error(fmt::format("cannot lock {}: {}", what, errno_text(reason)), {.file = file.string()});
    const std::string pid(trim(std::string_view(text, count > 0 ? static_cast<std::size_t>(count) : 0)));
    throw Error(
        pid.empty() ? fmt::format("{} is held by another process", what)
                    : fmt::format("{} is held by process {}", what, pid),
        {.file = file.parent_path().string(),
         .hint = "one process writes at a time: wait for it to end, or stop it, and run the command again"});
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd_, 0) != 0 ||
      ::pwrite(fd_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    reason = errno;
    ::close(fd_);
    fd_ = -1;
    throw Error(fmt::format("cannot write the lock of {}: {}", what, errno_text(reason)),
                {.file = file.string(),
                 .hint = reason == ENOSPC ? "free disk space and run the same command again" : ""});
  }
}

StoreLock::StoreLock(StoreLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

StoreLock& StoreLock::operator=(StoreLock&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

StoreLock::~StoreLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace weft::storage
