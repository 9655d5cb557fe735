// `weft restore`: a backup back into a workspace.
#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "storage/backup.h"
#include "storage/project.h"
#include "storage/values.h"
#include "tools/backup_folder.h"
#include "tools/cli.h"

namespace weft::tools {

std::filesystem::path backup_folder(const storage::Project& project, const std::filesystem::path& given) {
  if (!given.empty()) return given;
  const auto known = storage::backup_folders(project.workspace);
  if (!known.empty()) return known.back();
  throw Error("no folder of backups is given, and none was used yet",
              {.field = "folder", .hint = fmt::format("weft backup {} DIR", project.file.string())},
              ErrorKind::kUsage);
}

namespace {

struct Options {
  std::filesystem::path folder;
  std::uint64_t id = 0;
};

void run(Cli& cli, Options options) {
  const TomlFile toml = cli.read_project_file();
  const storage::Project project =
      storage::read_project(toml, cli.project_path(), storage::Sources::kMayBeMissing);
  options.folder = backup_folder(project, options.folder);
  if (options.id == 0) {
    const auto backups = storage::list_backups(options.folder);
    if (backups.empty()) throw Error("there are no backups here", {.file = options.folder.string()});
    options.id = backups.back().id;
  }
  const storage::BackupInfo info =
      storage::restore_backup(options.folder, options.id, project.workspace, cli.progress());
  if (cli.common().json) {
    cli.print_json({{"id", info.id},
                    {"created", storage::time_text(info.created)},
                    {"sequence", info.sequence},
                    {"store", project.workspace.store().string()}});
    return;
  }
  cli.print(fmt::format("restored backup {} of {}: {} events", info.id, storage::time_text(info.created),
                        with_commas(info.sequence)));
  cli.print(fmt::format("next: weft ingest {} reads what came since, and writes a snapshot",
                        cli.project_path().string()));
}

}  // namespace

void add_restore(Cli& cli) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      cli.add_project_command("restore", "Put a backup back into a workspace that has no store",
                              [&cli, options] { run(cli, *options); });
  command->add_option("folder", options->folder, "Folder of backups (default: the one used last)");
  command->add_option("--id", options->id, "Which backup (default: the newest)")->check(CLI::PositiveNumber);
}

}  // namespace weft::tools
