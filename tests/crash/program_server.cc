#include "tests/crash/program_server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace weft::storage {
namespace {

// Of one request or answer: the number of bytes, then the fields, a NUL after each.
void send(int fd, const std::vector<std::string>& fields) {
  std::string body;
  for (const std::string& field : fields) body += field + '\0';
  const auto size = static_cast<std::uint32_t>(body.size());
  std::string bytes(reinterpret_cast<const char*>(&size), sizeof(size));
  bytes += body;
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t n = ::write(fd, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::runtime_error("cannot write to the other process");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

// False at the end.
bool read_bytes(int fd, char* out, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::read(fd, out, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool receive(int fd, std::vector<std::string>& fields) {
  std::uint32_t size = 0;
  if (!read_bytes(fd, reinterpret_cast<char*>(&size), sizeof(size))) return false;
  std::string body(size, '\0');
  if (!read_bytes(fd, body.data(), size)) return false;
  fields.clear();
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = body.find('\0', at);
    fields.push_back(body.substr(at, end - at));
    at = end + 1;
  }
  return true;
}

// In the server's child, in place of its stdin, stdout and stderr.
void redirect(const std::string& output) {
  const int none = ::open("/dev/null", O_RDWR);
  ::dup2(none, 0);
  const int out = output.empty() ? none : ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::dup2(out, 1);
  ::dup2(out, 2);
  if (out != none) ::close(out);
  ::close(none);
}

// A child that has ended keeps its number until it is waited for: nobody else can be hit.
int end_of(pid_t child, const std::string& delay) {
  const int process = delay.empty() ? -1 : static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  if (!delay.empty()) {
    const long long us = std::stoll(delay);
    const struct timespec timeout = {.tv_sec = us / 1'000'000, .tv_nsec = us % 1'000'000 * 1000};
    struct pollfd end = {
        .fd = process, .events = POLLIN, .revents = 0};  // without a descriptor: the time alone
    ::ppoll(&end, 1, &timeout, nullptr);
    ::kill(child, SIGKILL);
    if (process >= 0) ::close(process);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

ProgramServer::ProgramServer(const std::string& program) {
  int requests[2] = {}, answers[2] = {};
  if (::pipe2(requests, O_CLOEXEC) != 0 || ::pipe2(answers, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("no process");
  if (process_ == 0) {
    ::dup2(requests[0], 0);
    ::dup2(answers[1], 1);
    ::execl(program.c_str(), program.c_str(), "--serve", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(requests[0]);
  ::close(answers[1]);
  requests_ = requests[1];
  answers_ = answers[0];
}

ProgramServer::~ProgramServer() {
  ::close(requests_);
  ::close(answers_);
  ::waitpid(process_, nullptr, 0);
}

ProgramEnd ProgramServer::run(const ProgramRun& run) {
  std::vector<std::string> fields = {run.output, run.kill_point,
                                     run.delay ? std::to_string(run.delay->count()) : ""};
  fields.insert(fields.end(), run.arguments.begin(), run.arguments.end());
  send(requests_, fields);
  if (!receive(answers_, fields)) throw std::runtime_error("the program that was to run has ended");
  const int status = std::stoi(fields.at(0));
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL};
}

int serve_program(int (*program)(const std::vector<std::string>&)) {
  for (std::vector<std::string> fields; receive(0, fields);) {
    const pid_t child = ::fork();
    if (child < 0) return 1;
    if (child == 0) {
      redirect(fields.at(0));
      if (fields.at(1).empty())
        ::unsetenv("WEFT_KILL_POINT");
      else
        ::setenv("WEFT_KILL_POINT", fields[1].c_str(), 1);
      std::exit(program({fields.begin() + 3, fields.end()}));
    }
    send(1, {std::to_string(end_of(child, fields.at(2)))});
  }
  return 0;
}

}  // namespace weft::storage
