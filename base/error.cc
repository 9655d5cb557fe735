#include "base/error.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace weft {
namespace {

std::string format(const std::string& summary, const ErrorContext& c) {
  std::string out;
  if (!c.file.empty()) {
    out += c.file;
    if (c.line != 0) out += fmt::format(":{}", c.line);
    if (c.line != 0 && c.column != 0) out += fmt::format(":{}", c.column);
    out += ": ";
  } else if (c.line != 0) {
    out += fmt::format("line {}: ", c.line);
  }
  out += summary;
  if (!c.field.empty()) out += fmt::format(" (field '{}'", c.field);
  if (!c.value.empty()) out += fmt::format("{}value '{}'", c.field.empty() ? " (" : ", ", c.value);
  if (!c.field.empty() || !c.value.empty()) out += ")";
  if (!c.expected.empty()) out += fmt::format("; expected {}", c.expected);
  if (!c.hint.empty()) out += fmt::format("\n  hint: {}", c.hint);
  return out;
}

}  // namespace

Error::Error(const std::string& what_happened, ErrorContext context, ErrorKind kind)
    : std::runtime_error(format(what_happened, context)),
      summary_(what_happened),
      context_(std::move(context)),
      kind_(kind) {}

std::string errno_text(int error_number) {
  return std::generic_category().message(error_number);
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: bug: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace weft
