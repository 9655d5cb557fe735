// Ctrl-C and `kill`, as a wish that the work at hand be finished.
#pragma once

#include <signal.h>

#include <atomic>

namespace weft::tools {

// While it lives, the first SIGINT or SIGTERM sets stop() instead of ending the process; a second one ends
// it. One at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static const std::atomic<bool>& stop();

 private:
  struct sigaction interrupt_before_ = {}, terminate_before_ = {};
};

}  // namespace weft::tools
