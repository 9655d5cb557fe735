#include "base/json_integer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace weft {
namespace {

using nlohmann::json;

TEST(JsonInteger, TakesWholeNumbersThatFit) {
  EXPECT_EQ(json_integer<std::uint64_t>(json::parse("18446744073709551615")), ~std::uint64_t{0});
  EXPECT_EQ(json_integer<std::int64_t>(json::parse("-9223372036854775808")),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(json_integer<std::uint32_t>(json::parse("4294967295")), ~std::uint32_t{0});
  EXPECT_EQ(json_integer<std::int64_t>(json::parse("0")), 0);
}

TEST(JsonInteger, RefusesAllElse) {
  for (const char* text : {"-1", "-2.0", "2.0", "1e3", "4294967296", "1e300", "\"1\"", "true", "null", "[1]"})
    EXPECT_THROW(json_integer<std::uint32_t>(json::parse(text)), json::type_error) << text;
  EXPECT_THROW(json_integer<std::int64_t>(json::parse("9223372036854775808")), json::type_error);
}

}  // namespace
}  // namespace weft
