// The one exception of weft: a message that a user can act on, with where it happened and what was expected.
//
// Thrown at the edges (files, user input, databases) and caught once, in tools/. Bugs are WEFT_CHECK, not
// Error.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace weft {

// Decides the exit code of the command line: a failed run is 1, a misuse (bad option, broken project file)
// is 2.
enum class ErrorKind { kFailed, kUsage };

// Where and what: every field may be empty. `line` and `column` count from 1; 0 means unknown.
struct ErrorContext {
  std::string file = {};
  std::uint64_t line = 0;
  std::uint64_t column = 0;
  std::string field = {};
  std::string value = {};
  std::string expected = {};
  std::string hint = {};
};

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what_happened, ErrorContext context = {},
                 ErrorKind kind = ErrorKind::kFailed);

  const ErrorContext& context() const { return context_; }
  // What happened, without file, line, field and hint.
  const std::string& summary() const { return summary_; }
  ErrorKind kind() const { return kind_; }

 private:
  std::string summary_;
  ErrorContext context_;
  ErrorKind kind_;
};

// Text of the current errno value, as in "No space left on device". Thread-safe.
std::string errno_text(int error_number);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace weft

// Stops the program on a bug, in all builds. Not for bad input: that is weft::Error.
#define WEFT_CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::weft::check_failed(#condition, __FILE__, __LINE__))
