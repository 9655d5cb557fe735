// How large the tests of laws are: WEFT_LAW_ROUNDS multiplies their draws (1 by default), WEFT_LAW_SEED is
// another seed (1 by default).
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/sampling/chi_square.h"

namespace weft::sampling::testing {

inline std::uint64_t environment_number(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}
inline std::uint64_t rounds(std::uint64_t usual) {
  return usual * environment_number("WEFT_LAW_ROUNDS", 1);
}
inline std::uint64_t law_seed() {
  return environment_number("WEFT_LAW_SEED", 1);
}

// What the running test has noted under this name; 0 if nothing.
inline double noted(const char* name) {
  const auto* result = ::testing::UnitTest::GetInstance()->current_test_info()->result();
  for (int i = 0; i < result->test_property_count(); ++i) {
    if (std::string(name) == result->GetTestProperty(i).key())
      return std::strtod(result->GetTestProperty(i).value(), nullptr);
  }
  return 0;
}

// False alarm: one in a million. Notes in the test's report what was compared: of a test that compares
// several times, the statistic that came nearest to its limit, and all draws.
inline void expect_chi_square_below(double statistic, double degrees, std::uint64_t draws) {
  const double limit = chi_square_limit(degrees);
  const double compared = noted("compared");
  if (compared == 0 || statistic / limit > noted("statistic") / noted("limit")) {
    ::testing::Test::RecordProperty("statistic", std::to_string(statistic));
    ::testing::Test::RecordProperty("limit", std::to_string(limit));
  }
  ::testing::Test::RecordProperty("draws",
                                  std::to_string(static_cast<std::uint64_t>(noted("draws")) + draws));
  ::testing::Test::RecordProperty("compared", std::to_string(static_cast<int>(compared) + 1));
  EXPECT_LT(statistic, limit) << degrees << " degrees of freedom, " << draws << " draws";
}

}  // namespace weft::sampling::testing
