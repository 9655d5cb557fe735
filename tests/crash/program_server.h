// Runs of a program as processes of their own, thousands of them, without paying each time for its start:
// the program is started once and loads its libraries; each run is a child that it forks before it has done
// anything else. Most of a short run is otherwise the loading of libraries.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace weft::storage {

struct ProgramRun {
  std::vector<std::string> arguments = {};
  std::string output = {};                              // file for stdout and stderr; empty: nowhere
  std::string kill_point = {};                          // WEFT_KILL_POINT; empty: none
  std::optional<std::chrono::microseconds> delay = {};  // SIGKILL so long after its start, if it still runs
};

struct ProgramEnd {
  int status = 0;       // its exit status; -1 if a signal ended it
  bool killed = false;  // SIGKILL did
};

// Not thread-safe.
class ProgramServer {
 public:
  // Starts `program` with the one argument "--serve". Throws std::runtime_error.
  explicit ProgramServer(const std::string& program);
  ~ProgramServer();
  ProgramServer(const ProgramServer&) = delete;
  ProgramServer& operator=(const ProgramServer&) = delete;

  // Waits for the end.
  ProgramEnd run(const ProgramRun& run);

 private:
  pid_t process_ = -1;
  int requests_ = -1, answers_ = -1;
};

// The program's side: takes requests until there are no more. Call it first of all, with no thread running.
int serve_program(int (*program)(const std::vector<std::string>& arguments));

}  // namespace weft::storage
