// `weft init`: looks at the files of a folder and writes a first project file (tools/init/).
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "tools/cli.h"
#include "tools/init/propose.h"
#include "tools/init/table_profile.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

namespace fs = std::filesystem;

struct Options {
  fs::path folder;
  fs::path output;
  bool force = false;
};

void run(Cli& cli, const Options& options) {
  const init::FolderProfile profile = init::profile_folder(options.folder, {}, cli.progress());
  const fs::path output =
      fs::absolute(options.output.empty() ? profile.folder / (profile.folder.filename().string() + ".toml")
                                          : options.output);
  if (fs::exists(output) && !options.force) {
    throw Error("is there already",
                {.file = output.string(), .hint = "--force replaces it, --output names another"},
                ErrorKind::kUsage);
  }
  std::error_code code;
  const bool inside = fs::canonical(output.parent_path(), code) == profile.folder;
  const init::Proposal proposal = init::propose(profile, inside ? "" : profile.folder.string());
  real_files().replace_whole(output, proposal.toml);
  if (cli.common().json) {
    cli.print_json({{"project", output.string()},
                    {"tables", profile.tables.size()},
                    {"node_types", proposal.node_types},
                    {"edge_types", proposal.edge_types},
                    {"target", proposal.target}});
    return;
  }
  cli.print(printable(fmt::format("{}: {} node types and {} edge types from {} tables", output.string(),
                                  proposal.node_types, proposal.edge_types, profile.tables.size())));
  cli.print("\n" + printable(fmt::format("Look it through, then: weft ingest {}", output.string())));
}

}  // namespace

void add_init(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      cli.add_command("init", "Look at a folder of logs and write a first project file for them",
                      [&cli, options] { run(cli, *options); });
  command->add_option("folder", options->folder, "The folder with the logs")->required();
  command->add_option("--output", options->output, "The project file (default: FOLDER/NAME.toml)");
  command->add_flag("--force", options->force, "Replace a project file that is there");
}

}  // namespace weft::tools
