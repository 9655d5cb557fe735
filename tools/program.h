// What the programs of the command line have in common: they parse, run one command, and turn errors into
// messages and exit codes.
#pragma once

#include <string>
#include <vector>

#include "tools/cli.h"

namespace weft::tools {

struct ProgramCommands {
  std::vector<void (*)(Cli&)> add = {};  // in the order of --help
  std::string hint = {};                 // for a command that is none of them
};

// The exit code: 0 ok, 1 failed, 2 misuse.
int run_program(int argc, char** argv, const ProgramCommands& commands);

}  // namespace weft::tools
