#include "tests/crash/campaign.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace weft::storage {
namespace {

using Clock = std::chrono::steady_clock;

const Clock::time_point kStarted = Clock::now();

// Tests that are to run from the one that is running on.
int tests_left() {
  const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
  int left = 0;
  bool reached = false;
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const ::testing::TestSuite& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const ::testing::TestInfo* info = suite.GetTestInfo(j);
      reached = reached || info == all.current_test_info();
      left += reached && info->should_run() ? 1 : 0;
    }
  }
  return left > 0 ? left : 1;
}

}  // namespace

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const std::string_view text = text_from_environment(name);
  return text.empty() ? otherwise : std::stoull(std::string(text));
}

std::string_view text_from_environment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

TimeLimit::TimeLimit() : end_(Clock::time_point::max()) {
  const std::uint64_t minutes = from_environment("WEFT_MINUTES", 0);
  if (minutes == 0) return;
  const Clock::time_point now = Clock::now();
  const auto left = kStarted + std::chrono::minutes(minutes) - now;
  end_ = now + left / tests_left();
}

bool TimeLimit::over() {
  if (!stopped_ && Clock::now() >= end_) {
    stopped_ = true;
    ::testing::Test::RecordProperty("stopped", 1);
    std::printf("stopped at the time limit\n");
  }
  return stopped_;
}

std::vector<std::size_t> spread(std::size_t count, std::size_t step) {
  std::vector<std::size_t> out;
  for (std::size_t first = 0; first < step && first < count; ++first) {
    for (std::size_t i = first; i < count; i += step) out.push_back(i);
  }
  return out;
}

}  // namespace weft::storage
