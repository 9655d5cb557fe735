#include "tests/tools/run_weft.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

namespace weft {
namespace {

struct Scratch {
  std::vector<std::filesystem::path> folders;
  ~Scratch() {
    for (const auto& folder : folders) std::filesystem::remove_all(folder);
  }
};

}  // namespace

nlohmann::json RunResult::json() const {
  return nlohmann::json::parse(out);
}

std::filesystem::path scratch_folder(const std::string& name) {
  static Scratch scratch;
  static int count = 0;
  const auto folder = std::filesystem::temp_directory_path() /
                      ("weft_" + name + "_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
  std::filesystem::create_directories(folder);
  scratch.folders.push_back(folder);
  return folder;
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

std::string read_text(const std::filesystem::path& file) {
  std::ostringstream out;
  out << std::ifstream(file, std::ios::binary).rdbuf();
  return out.str();
}

RunResult run_weft(const std::string& arguments, const std::string& environment) {
  return run_program(WEFT_BINARY, arguments, environment);
}

RunResult run_program(const std::filesystem::path& program, const std::string& arguments,
                      const std::string& environment) {
  static const std::filesystem::path folder = scratch_folder("run");
  const auto out = folder / "out", err = folder / "err";
  const std::string command = environment + " " + program.string() + " " + arguments + " >" + out.string() +
                              " 2>" + err.string() + " </dev/null";
  const int status = std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe)
  RunResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = read_text(out);
  result.err = read_text(err);
  return result;
}

}  // namespace weft
