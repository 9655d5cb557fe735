// What `weft ingest PROJECT --follow --every SECONDS` does, in a program without Torch.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tools/ingest_follow.h"

int main(int argc, char** argv) {
  CLI::App app;
  weft::tools::Cli cli(app);
  double every = 10;
  CLI::App* command = cli.add_project_command("ingest", "", [&] {
    const weft::storage::Project project =
        weft::storage::read_project(cli.read_project_file(), cli.project_path());
    weft::storage::GraphStore store =
        weft::storage::GraphStore::open(project.workspace.store(), project.schema);
    weft::tools::follow_topics(cli, project, store, {}, {},
                               std::chrono::milliseconds(static_cast<std::int64_t>(every * 1000)));
  });
  command->add_option("--every", every);
  try {
    app.parse(argc, argv);
    cli.run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
