#include "base/instructions.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/error.h"

namespace weft {
namespace {

Instructions best() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (avx2 && __builtin_cpu_supports("avx512f") != 0) return Instructions::kAvx512;
  if (avx2) return Instructions::kAvx2;
#endif
  return Instructions::kGeneric;
}

Instructions asked_or_best() {
  const char* const asked = std::getenv("WEFT_INSTRUCTIONS");
  if (asked == nullptr || *asked == '\0') return best();
  for (const Instructions level : {Instructions::kGeneric, Instructions::kAvx2, Instructions::kAvx512}) {
    if (std::string_view(asked) == name_of(level)) return std::min(level, best());
  }
  throw Error("no such vector instructions",
              {.field = "WEFT_INSTRUCTIONS", .value = asked, .expected = "generic, avx2 or avx512"},
              ErrorKind::kUsage);
}

}  // namespace

Instructions instructions() {
  static const Instructions chosen = asked_or_best();
  return chosen;
}

const char* name_of(Instructions instructions) {
  return instructions == Instructions::kAvx512 ? "avx512"
         : instructions == Instructions::kAvx2 ? "avx2"
                                               : "generic";
}

}  // namespace weft
