#include "tests/crash/crash_run.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>
#include <thread>

#include "base/files.h"

namespace weft::storage {
namespace {

[[noreturn]] void start(const CrashRun& request, const std::string& output, int acknowledge) {
  const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::dup2(fd, 1);
  ::dup2(fd, 2);
  if (request.kill_point.empty()) {
    ::unsetenv("WEFT_KILL_POINT");
  } else {
    ::setenv("WEFT_KILL_POINT", request.kill_point.c_str(), 1);
  }
  std::vector<std::string> words = {INGEST_PROGRAM,  request.project.string(),
                                    "--acknowledge", std::to_string(acknowledge),
                                    "--batch-rows",  "20",
                                    "--memory",      "20000",
                                    "--bulk-from",   request.bulk ? "0" : "1000000000",
                                    "--set",         "project.workspace=" + request.workspace.string()};
  words.insert(words.end(), request.more.begin(), request.more.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv(INGEST_PROGRAM, arguments.data());
  ::_exit(127);
}

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof(buffer))) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

}  // namespace

CrashOutcome run(const CrashRun& request) {
  const std::string output = request.workspace.string() + ".output";
  int ends[2] = {};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const auto started = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    ::fcntl(ends[1], F_SETFD, 0);
    start(request, output, ends[1]);
  }
  ::close(ends[1]);
  if (request.delay) {
    std::this_thread::sleep_for(*request.delay);
    ::kill(child, SIGKILL);
  }
  // What fits the pipe is there after the end too; it is far more than a run has to say.
  const std::string said = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CrashOutcome out{.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                   .status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                   .output = real_files().read_whole(output),
                   .duration = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::steady_clock::now() - started)};
  std::istringstream lines(said);
  for (std::string key, value; lines >> key >> value;) {
    if (key == "sequence") out.sequence = std::stoull(value);
    if (key == "snapshot") out.snapshot = value;
  }
  return out;
}

std::string CrashOutcome::value_of(const std::string& key) const {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key + " ")) return line.substr(key.size() + 1);
  }
  return "";
}

std::map<std::string, std::uint64_t> CrashOutcome::passed() const {
  std::map<std::string, std::uint64_t> out;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, name;
    std::uint64_t count = 0;
    if (words >> key >> name >> count && key == "passed") out[name] = count;
  }
  return out;
}

}  // namespace weft::storage
