#include "base/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.h"

namespace weft {

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not block
  if (fd < 0) throw Error(fmt::format("cannot open file: {}", errno_text(errno)), {.file = path.string()});
  struct stat info = {};
  const bool known = ::fstat(fd, &info) == 0;
  if (!known || !S_ISREG(info.st_mode)) {
    const int saved = errno;
    ::close(fd);
    throw Error(
        known ? std::string("is not a regular file") : fmt::format("cannot read file: {}", errno_text(saved)),
        {.file = path.string()});
  }
  size_ = static_cast<std::size_t>(info.st_size);
  if (size_ != 0) {
    data_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
    if (data_ == MAP_FAILED) {
      const int saved = errno;
      data_ = nullptr;
      ::close(fd);
      throw Error(fmt::format("cannot map file: {}", errno_text(saved)), {.file = path.string()});
    }
  }
  ::close(fd);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    if (data_ != nullptr) ::munmap(data_, size_);
    path_ = std::move(other.path_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void MappedFile::check_multiple(std::size_t item_size) const {
  if (size_ % item_size != 0) {
    throw Error(fmt::format("file of {} bytes is damaged", size_),
                {.file = path_.string(), .expected = fmt::format("a multiple of {} bytes", item_size)});
  }
}

}  // namespace weft
