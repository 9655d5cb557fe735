#include "tools/program.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <new>

#include "base/error.h"
#include "base/strings.h"

namespace weft::tools {
namespace {

constexpr int kOk = 0, kFailed = 1, kMisuse = 2;

// CLI11 says "the following arguments were not expected"; a mistyped command deserves its neighbour.
std::string nearest_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return nearest_word(word, names);
}

int run(int argc, char** argv, const ProgramCommands& commands) {
  CLI::App app{
      "weft: from logs, texts, pictures and sounds to recommendations, with a heterogeneous graph network"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "weft 0.1.0");
  Cli cli(app);
  for (const auto add : commands.add) add(cli);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help, --version
    const int code = app.exit(request);
    return std::cout.flush() ? code : kFailed;
  } catch (const CLI::ParseError& error) {
    const bool unknown = app.get_subcommands().empty() && argc > 1 && *argv[1] != '-' && *argv[1] != '\0';
    fmt::print(stderr, "weft: {}\n",
               unknown ? fmt::format("there is no command '{}'", excerpt(argv[1])) : error.what());
    const std::string near = argc > 1 && app.get_subcommands().empty() ? nearest_command(app, argv[1]) : "";
    if (!near.empty()) fmt::print(stderr, "  hint: did you mean 'weft {}'?\n", near);
    if (!commands.hint.empty() && app.get_subcommands().empty())
      fmt::print(stderr, "  hint: {}\n", commands.hint);
    fmt::print(stderr, "  hint: 'weft {}--help' lists what it takes\n",
               app.get_subcommands().empty() ? "" : app.get_subcommands().front()->get_name() + " ");
    return kMisuse;
  }
  cli.run();
  return kOk;
}

}  // namespace

int run_program(int argc, char** argv, const ProgramCommands& commands) {
  try {
    return run(argc, argv, commands);
  } catch (const Error& error) {
    fmt::print(stderr, "weft: error: {}\n", error.what());
    return error.kind() == ErrorKind::kUsage ? kMisuse : kFailed;
  } catch (const std::bad_alloc&) {
    fmt::print(
        stderr,
        "weft: error: out of memory\n  hint: lower train.batch_size or the fan-outs, or use a machine with "
        "more memory\n");
    return kFailed;
  } catch (const std::exception& error) {
    fmt::print(stderr, "weft: error: {}\n", error.what());
    return kFailed;
  }
}

}  // namespace weft::tools
