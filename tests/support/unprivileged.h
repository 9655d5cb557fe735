// For tests of files and folders that may not be read: root may read all.
#pragma once

#include <unistd.h>

namespace weft::test {

// While it lives, a process of root has the rights of nobody.
class Unprivileged {
 public:
  Unprivileged() : was_(geteuid()) { ok_ = was_ != 0 || seteuid(65534) == 0; }
  ~Unprivileged() {
    if (was_ == 0 && seteuid(0) != 0) _exit(3);
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  bool ok() const { return ok_; }

 private:
  uid_t was_;
  bool ok_ = false;
};

}  // namespace weft::test
