// The `weft` command line: parses, runs one command, turns errors into messages and exit codes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <new>

#include "base/error.h"
#include "base/strings.h"
#include "tools/cli.h"

namespace {

constexpr int kOk = 0, kFailed = 1, kMisuse = 2;

// CLI11 says "the following arguments were not expected"; a mistyped command deserves its neighbour.
std::string nearest_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return weft::nearest_word(word, names);
}

int run(int argc, char** argv) {
  CLI::App app{
      "weft: from logs, texts, pictures and sounds to recommendations, with a heterogeneous graph network"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "weft 0.1.0");
  weft::tools::Cli cli(app);
  weft::tools::add_bench(cli);
  weft::tools::add_synth(cli);
  weft::tools::add_init(cli);
  weft::tools::add_ingest(cli);
  weft::tools::add_info(cli);
  weft::tools::add_verify(cli);
  weft::tools::add_repair(cli);
  weft::tools::add_backup(cli);
  weft::tools::add_restore(cli);
  weft::tools::add_export(cli);
  weft::tools::add_import(cli);
  weft::tools::add_forget(cli);
  weft::tools::add_partition(cli);
  weft::tools::add_encode(cli);
  weft::tools::add_train(cli);
  weft::tools::add_evaluate(cli);
  weft::tools::add_embed(cli);
  weft::tools::add_recommend(cli);
  weft::tools::add_similar(cli);
  weft::tools::add_score(cli);
  weft::tools::add_explain(cli);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help, --version
    const int code = app.exit(request);
    return std::cout.flush() ? code : kFailed;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "weft: {}\n", error.what());
    const std::string near = argc > 1 && app.get_subcommands().empty() ? nearest_command(app, argv[1]) : "";
    if (!near.empty()) fmt::print(stderr, "  hint: did you mean 'weft {}'?\n", near);
    fmt::print(stderr, "  hint: 'weft {}--help' lists what it takes\n",
               app.get_subcommands().empty() ? "" : app.get_subcommands().front()->get_name() + " ");
    return kMisuse;
  }
  cli.run();
  return kOk;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const weft::Error& error) {
    fmt::print(stderr, "weft: error: {}\n", error.what());
    return error.kind() == weft::ErrorKind::kUsage ? kMisuse : kFailed;
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
