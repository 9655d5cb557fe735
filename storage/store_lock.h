// The writer's lock of a folder: held by at most one process, gone with it however it ends.
#pragma once

#include <filesystem>
#include <string>

namespace weft::storage {

class StoreLock {
 public:
  // `what` names the thing in the message, as in "the store". Throws Error "the store is held by process
  // 1234" if another holder (in this process or another) has it.
  StoreLock(const std::filesystem::path& file, const std::string& what)
      : StoreLock(file, what, Meanwhile::kRefuse) {}
  // Waits until the holder lets go.
  static StoreLock wait(const std::filesystem::path& file, const std::string& what) {
    return {file, what, Meanwhile::kWait};
  }
  StoreLock(StoreLock&& other) noexcept;
  StoreLock& operator=(StoreLock&& other) noexcept;
  ~StoreLock();

 private:
  enum class Meanwhile { kRefuse, kWait };
  StoreLock(const std::filesystem::path& file, const std::string& what, Meanwhile meanwhile);

  int fd_ = -1;
};

}  // namespace weft::storage
