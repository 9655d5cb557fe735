#include "tests/crash/care_run.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <utility>

namespace weft::storage {

std::uint64_t kills(std::uint64_t share) {
  const char* text = std::getenv("WEFT_CRASH_KILLS");
  return std::max<std::uint64_t>((text == nullptr || *text == 0 ? 500 : std::stoull(text)) / share, 1);
}

namespace {

// The child's standard error goes to `errors`, if there is one.
pid_t start(std::vector<std::string> arguments, const std::string& kill_point, std::FILE* errors) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (!kill_point.empty()) ::setenv("WEFT_KILL_POINT", kill_point.c_str(), 1);
  if (errors != nullptr) ::dup2(::fileno(errors), STDERR_FILENO);
  arguments.insert(arguments.begin(), CARE_PROGRAM);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace

bool run_care_program(std::vector<std::string> arguments, const Kill& kill) {
  const pid_t child = start(std::move(arguments), kill.point, nullptr);
  if (kill.point.empty()) {
    std::this_thread::sleep_for(kill.delay);
    ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL;
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return false;
}

CareEnd end_of_care_program(std::vector<std::string> arguments) {
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> errors(std::tmpfile(), &std::fclose);
  int status = 0;
  ::waitpid(start(std::move(arguments), "", errors.get()), &status, 0);
  CareEnd out{.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1};
  std::rewind(errors.get());
  for (int letter = 0; (letter = std::fgetc(errors.get())) != EOF;) out.errors += static_cast<char>(letter);
  return out;
}

void at_each(std::span<const std::string_view> points, std::uint64_t seed,
             const std::function<bool(const Kill&)>& step, std::chrono::microseconds longest) {
  for (const std::string_view point : points) {
    SCOPED_TRACE(point);
    std::uint64_t hits = 0;
    for (std::uint64_t i = 0; i < kills(150); ++i) hits += step({.point = std::string(point)}) ? 1 : 0;
    EXPECT_EQ(hits, kills(150)) << "not passed";
    ::testing::Test::RecordProperty(std::string(point), static_cast<int>(hits));
  }
  std::mt19937_64 random(seed);
  for (std::uint64_t i = 0; i < kills(20); ++i) {
    const std::chrono::microseconds delay(random() % static_cast<std::uint64_t>(longest.count()));
    SCOPED_TRACE(delay.count());
    step({.delay = delay});
  }
}

}  // namespace weft::storage
