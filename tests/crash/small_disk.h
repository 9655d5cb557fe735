// A small file system of a test's own, that can be made really full.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/error.h"

namespace weft::storage {

// 16 MiB in memory, mounted on `folder`; where that is not allowed, mounted() is false and reason() says why.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    if (::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=16m") != 0) reason_ = errno_text(errno);
  }
  ~SmallDisk() {
    if (mounted()) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return reason_.empty(); }
  const std::string& reason() const { return reason_; }
  const std::filesystem::path& folder() const { return folder_; }

  std::uint64_t free_bytes() const {
    struct statvfs info = {};
    ::statvfs(folder_.c_str(), &info);
    return std::uint64_t{info.f_bavail} * info.f_frsize;
  }
  // Takes up all but so many bytes.
  void leave(std::uint64_t bytes) {
    const int fd = ::open(ballast().c_str(), O_WRONLY | O_CREAT, 0600);
    const std::uint64_t now = free_bytes();
    if (now > bytes && ::posix_fallocate(fd, 0, static_cast<off_t>(now - bytes)) != 0)
      throw std::runtime_error("cannot fill the small disk");
    ::close(fd);
  }
  void free_again() { std::filesystem::remove(ballast()); }
  void clear() {
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      std::filesystem::remove_all(entry.path());
  }

 private:
  std::filesystem::path ballast() const { return folder_ / "ballast"; }
  std::filesystem::path folder_;
  std::string reason_;
};

}  // namespace weft::storage
