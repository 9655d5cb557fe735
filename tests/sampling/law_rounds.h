// How large the tests of laws are: WEFT_LAW_ROUNDS multiplies their draws (1 by default), WEFT_LAW_SEED is
// another seed.
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

// False alarm: one in a million. Notes what was compared in the test's report.
inline void expect_chi_square_below(double statistic, double degrees, std::uint64_t draws) {
  ::testing::Test::RecordProperty("statistic", std::to_string(statistic));
  ::testing::Test::RecordProperty("limit", std::to_string(chi_square_limit(degrees)));
  ::testing::Test::RecordProperty("draws", std::to_string(draws));
  EXPECT_LT(statistic, chi_square_limit(degrees)) << degrees << " degrees of freedom, " << draws << " draws";
}

}  // namespace weft::sampling::testing
