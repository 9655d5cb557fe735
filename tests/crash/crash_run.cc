#include "tests/crash/crash_run.h"

#include <sstream>

#include "base/files.h"
#include "tests/crash/program_server.h"

namespace weft::storage {
namespace {

ProgramServer& server() {
  static ProgramServer instance(INGEST_PROGRAM);
  return instance;
}

}  // namespace

CrashOutcome run(const CrashRun& request) {
  const std::string output = request.workspace.string() + ".output";
  const std::string acknowledged = request.workspace.string() + ".acknowledged";
  std::filesystem::remove(acknowledged);
  ProgramRun program{
      .arguments = {request.project.string(), "--acknowledge", acknowledged, "--batch-rows", "20", "--memory",
                    "20000", "--bulk-from", request.bulk ? "0" : "1000000000", "--set",
                    "project.workspace=" + request.workspace.string()},
      .output = output,
      .kill_point = request.kill_point,
      .delay = request.delay};
  program.arguments.insert(program.arguments.end(), request.more.begin(), request.more.end());
  const auto started = std::chrono::steady_clock::now();
  const ProgramEnd end = server().run(program);
  CrashOutcome out{.killed = end.killed,
                   .status = end.status,
                   .output = std::filesystem::exists(output) ? real_files().read_whole(output) : "",
                   .duration = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::steady_clock::now() - started)};
  if (!std::filesystem::exists(acknowledged)) return out;
  std::istringstream lines(real_files().read_whole(acknowledged));
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
