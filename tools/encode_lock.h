// Held while a process writes encoders and feature sets of a workspace, or removes those that no model uses,
// so that none takes away what another is about to train on. Gone with its process, however that ends.
#pragma once

#include <filesystem>
#include <optional>

#include "storage/workspace.h"
#include "tools/cli.h"

namespace weft::tools {

class EncodeLock {
 public:
  // Waits for the holder, with a note that names it.
  static EncodeLock wait(const Cli& cli, const storage::Workspace& workspace);
  // Nothing if another process has it.
  static std::optional<EncodeLock> try_now(const storage::Workspace& workspace);
  EncodeLock(EncodeLock&& other) noexcept;
  EncodeLock& operator=(EncodeLock&&) = delete;
  ~EncodeLock();

 private:
  explicit EncodeLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace weft::tools
