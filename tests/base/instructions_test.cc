#include "base/instructions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.h"

namespace weft {
namespace {

// instructions() reads the environment once: each case in a process of its own.
std::string chosen_with(const char* asked) {
  int ends[2] = {};
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    asked == nullptr ? ::unsetenv("WEFT_INSTRUCTIONS") : ::setenv("WEFT_INSTRUCTIONS", asked, 1);
    std::string said;
    try {
      said = name_of(instructions());
    } catch (const Error& error) {
      said = error.what();
    }
    const auto written = ::write(ends[1], said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said(4096, '\0');
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(ends[0], said.data(), said.size()), 0)));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return said;
}

TEST(Instructions, AreTheBestOrALesserLevelThatTheEnvironmentNames) {
  const std::string best = chosen_with(nullptr);
  EXPECT_EQ(chosen_with(""), best);
  EXPECT_EQ(chosen_with("avx512"), best) << "never more than the processor has";
  EXPECT_EQ(chosen_with("generic"), "generic");
  EXPECT_EQ(chosen_with("avx2"), best == "avx512" ? "avx2" : best);
}

TEST(Instructions, AnotherNameIsAMistake) {
  EXPECT_THAT(chosen_with("avx3"), ::testing::HasSubstr("expected generic, avx2 or avx512"));
}

}  // namespace
}  // namespace weft
