// `weft`: runs the commands that need no network itself, and has `weft-network`, which lies beside it, run
// the others. That one loads LibTorch, which takes a third of a second; and where weft is built without
// LibTorch, the commands here are there all the same.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "tools/cli.h"
#include "tools/program.h"

namespace {

using namespace weft::tools;

constexpr std::pair<std::string_view, void (*)(Cli&)> kCommands[] = {
    {"synth", add_synth},   {"init", add_init},           {"ingest", add_ingest},   {"verify", add_verify},
    {"repair", add_repair}, {"backup", add_backup},       {"restore", add_restore}, {"export", add_export},
    {"import", add_import}, {"partition", add_partition}, {"explain", add_explain},
};

bool is_own(std::string_view word) {
  return word == "--version" || std::any_of(std::begin(kCommands), std::end(kCommands),
                                            [&](const auto& command) { return command.first == word; });
}

// Does not return if there is such a program.
void start_network(char** argv) {
  std::error_code error;
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path program = here.parent_path() / "weft-network";
  if (error || !std::filesystem::exists(program, error)) return;
  ::execv(program.c_str(), argv);
  fmt::print(stderr, "weft: error: cannot start {}: {}\n", program.string(), weft::errno_text(errno));
  ::_exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || !is_own(argv[1])) start_network(argv);
  ProgramCommands commands{.hint =
                               "commands that train and ask models are those of weft-network, which is not "
                               "beside this program; it "
                               "comes of a build with -DWEFT_TORCH=ON"};
  for (const auto& [name, add] : kCommands) commands.add.push_back(add);
  return run_program(argc, argv, commands);
}
