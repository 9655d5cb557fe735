#include "tests/crash/care_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "base/files.h"
#include "tests/crash/campaign.h"
#include "tests/crash/program_server.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {

std::uint64_t kills(std::uint64_t share) {
  return std::max<std::uint64_t>(from_environment("WEFT_CRASH_KILLS", 500) / share, 1);
}

namespace {

ProgramServer& server() {
  static ProgramServer instance(CARE_PROGRAM);
  return instance;
}

// A property of the running test, which may call at_each() more than once.
void record(const std::string& key, std::uint64_t hits) {
  static std::map<std::pair<const ::testing::TestInfo*, std::string>, std::uint64_t> sums;
  std::uint64_t& sum = sums[{::testing::UnitTest::GetInstance()->current_test_info(), key}];
  sum += hits;
  ::testing::Test::RecordProperty(key, static_cast<int>(sum));
}

}  // namespace

bool run_care_program(const std::vector<std::string>& arguments, const Kill& kill) {
  ProgramRun run{.arguments = arguments, .kill_point = kill.point};
  if (kill.point.empty()) run.delay = kill.delay;
  const ProgramEnd end = server().run(run);
  EXPECT_TRUE(end.killed || end.status == 0) << end.status;
  return end.killed;
}

CareEnd end_of_care_program(const std::vector<std::string>& arguments) {
  const test::TempFolder folder(test::in_memory());
  const std::string errors = folder / "errors";
  const ProgramEnd end = server().run({.arguments = arguments, .output = errors});
  return {.status = end.status, .errors = real_files().read_whole(errors)};
}

void at_each(std::span<const std::string_view> points, std::uint64_t seed,
             const std::function<bool(const Kill&)>& step, std::chrono::microseconds longest) {
  TimeLimit limit;
  std::map<std::string_view, std::uint64_t> hits;
  for (std::uint64_t i = 0; i < kills(150); ++i) {
    for (const std::string_view point : points) {
      if (limit.over()) break;
      SCOPED_TRACE(point);
      hits[point] += step({.point = std::string(point)}) ? 1 : 0;
    }
  }
  for (const std::string_view point : points) {
    if (!limit.stopped()) {
      EXPECT_EQ(hits[point], kills(150)) << point << " was not passed";
    }
    record(std::string(point), hits[point]);
  }
  std::mt19937_64 random(seed);
  std::uint64_t at_random = 0;
  for (std::uint64_t i = 0; i < kills(20) && !limit.over(); ++i) {
    const std::chrono::microseconds delay(random() % static_cast<std::uint64_t>(longest.count()));
    SCOPED_TRACE(delay.count());
    at_random += step({.delay = delay}) ? 1 : 0;
  }
  record("random", at_random);
}

}  // namespace weft::storage
