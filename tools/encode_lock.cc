#include "tools/encode_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"

namespace weft::tools {
namespace {

std::filesystem::path lock_file(const storage::Workspace& workspace) {
  return workspace.folder / "encode.lock";
}

int open_lock(const storage::Workspace& workspace) {
  const int fd = ::open(lock_file(workspace).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    throw Error(fmt::format("cannot open the lock of the encoders: {}", errno_text(errno)),
                {.file = lock_file(workspace).string()});
  }
  return fd;
}

// False only where another holds it and `how` does not wait.
bool lock(int fd, int how) {
  while (::flock(fd, LOCK_EX | how) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return false;
    throw Error(fmt::format("cannot lock the encoders: {}", errno_text(errno)));
  }
  // The holder's name is for people who wait: without it the lock holds just the same.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) == 0) static_cast<void>(!::pwrite(fd, pid.data(), pid.size(), 0));
  return true;
}

std::string holder(int fd) {
  char text[32] = {};
  const ssize_t count = ::pread(fd, text, sizeof(text) - 1, 0);
  return std::string(trim(std::string_view(text, count > 0 ? static_cast<std::size_t>(count) : 0)));
}

}  // namespace

EncodeLock EncodeLock::wait(const Cli& cli, const storage::Workspace& workspace) {
  EncodeLock held(open_lock(workspace));
  if (!lock(held.fd_, LOCK_NB)) {
    cli.note(fmt::format("waiting for process {}, which encodes in this workspace", holder(held.fd_)));
    lock(held.fd_, 0);
  }
  return held;
}

std::optional<EncodeLock> EncodeLock::try_now(const storage::Workspace& workspace) {
  EncodeLock held(open_lock(workspace));
  if (!lock(held.fd_, LOCK_NB)) return std::nullopt;
  return held;
}

EncodeLock::EncodeLock(EncodeLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

EncodeLock::~EncodeLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace weft::tools
