#include "gnn/kernels/instructions.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace weft::gnn {
namespace {

// The tests of this program run once as the processor allows and once for each lesser level: see
// CMakeLists.txt.
TEST(Instructions, AreAtMostThoseThatTheEnvironmentNames) {
  const char* const asked = std::getenv("WEFT_INSTRUCTIONS");
  const std::string used = name_of(instructions());
  if (asked == nullptr) {
    EXPECT_TRUE(used == "generic" || used == "avx2" || used == "avx512");
  } else if (std::string(asked) == "generic") {
    EXPECT_EQ(used, "generic");
  } else if (std::string(asked) == "avx2") {
    EXPECT_NE(used, "avx512");
  }
}

}  // namespace
}  // namespace weft::gnn
