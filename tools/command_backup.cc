// `weft backup`: the store as it is now into a folder of backups; also lists and checks these.
#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "storage/backup.h"
#include "storage/project.h"
#include "storage/values.h"
#include "tools/backup_folder.h"
#include "tools/cli.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

struct Options {
  std::filesystem::path folder;
  std::uint64_t keep = 0, id = 0;
  bool list = false, verify = false;
};

Json to_json(const storage::BackupInfo& info) {
  Json counts = Json::object();
  for (const auto& [name, count] : info.counts) counts[name] = count;
  return {{"id", info.id},
          {"created", storage::time_text(info.created)},
          {"store", info.store_uuid},
          {"sequence", info.sequence},
          {"files", info.files},
          {"bytes", info.bytes},
          {"counts", counts}};
}

std::string mib(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

void list(const Cli& cli, const std::filesystem::path& folder) {
  const std::vector<storage::BackupInfo> backups = storage::list_backups(folder);
  if (cli.common().json) {
    Json json = Json::array();
    for (const storage::BackupInfo& info : backups) json.push_back(to_json(info));
    cli.print_json(json);
    return;
  }
  if (backups.empty()) return cli.print(fmt::format("no backups in {}", folder.string()));
  Table table({"id", "taken", "store", "events", "files", "size"});
  for (const storage::BackupInfo& info : backups)
    table.add({fmt::format("{}", info.id), storage::time_text(info.created), info.store_uuid.substr(0, 8),
               with_commas(info.sequence), with_commas(info.files), mib(info.bytes)});
  cli.print(table.text());
}

// One, or all of the folder. All are read, and then the first that is damaged is the error.
void verify(Cli& cli, const Options& options) {
  std::vector<std::uint64_t> ids;
  if (options.id != 0) {
    ids.push_back(options.id);
  } else {
    for (const storage::BackupInfo& info : storage::list_backups(options.folder)) ids.push_back(info.id);
  }
  if (ids.empty()) throw Error("there are no backups here", {.file = options.folder.string()});
  std::vector<std::string> problems;
  for (const std::uint64_t id : ids) {
    try {
      storage::check_backup(options.folder, id, cli.progress());
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kUsage) throw;
      problems.push_back(fmt::format("backup {}: {}", id, error.what()));
    }
  }
  if (cli.common().json) {
    cli.print_json({{"ok", problems.empty()}, {"checked", ids}, {"problems", problems}});
  } else {
    for (const std::string& problem : problems) cli.print(problem);
    if (problems.empty()) cli.print(fmt::format("ok: {} backups checked, every file is whole", ids.size()));
  }
  if (!problems.empty())
    throw Error(fmt::format("{} of {} backups are damaged", problems.size(), ids.size()));
}

void run(Cli& cli, Options options) {
  const TomlFile toml = cli.read_project_file();
  const storage::Project project =
      storage::read_project(toml, cli.project_path(), storage::Sources::kMayBeMissing);
  if (options.list && options.verify)
    throw Error("--list and --verify are two things to do", {}, ErrorKind::kUsage);
  if (options.id != 0 && !options.verify)
    throw Error("--id is for --verify", {.field = "--id"}, ErrorKind::kUsage);
  if (options.keep != 0 && (options.list || options.verify))
    throw Error("--keep is for making a backup", {.field = "--keep"}, ErrorKind::kUsage);
  options.folder = backup_folder(project, options.folder);
  if (options.list) return list(cli, options.folder);
  if (options.verify) return verify(cli, options);
  const storage::BackupReport report =
      storage::write_backup(project.workspace, options.folder, {.keep = options.keep}, cli.progress());
  if (cli.common().json) {
    Json json = to_json(report.info);
    json["folder"] = options.folder.string();
    json["new_files"] = report.new_files;
    json["new_bytes"] = report.new_bytes;
    json["removed_backups"] = report.removed_backups;
    cli.print_json(json);
    return;
  }
  cli.print(fmt::format("backup {} in {}: {} events, {} files, {}; {} files, {} of them new", report.info.id,
                        options.folder.string(), with_commas(report.info.sequence),
                        with_commas(report.info.files), mib(report.info.bytes), with_commas(report.new_files),
                        mib(report.new_bytes)));
  if (report.removed_backups > 0)
    cli.print(fmt::format("{} old backups removed", with_commas(report.removed_backups)));
}

}  // namespace

void add_backup(Cli& cli) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      cli.add_project_command("backup",
                              "Copy the store as it is now into a folder of backups; list or check "
                              "these",
                              [&cli, options] { run(cli, *options); });
  command->add_option("folder", options->folder, "Folder of backups (default: the one used last)");
  command
      ->add_option("--keep", options->keep, "Keep so many newest backups, remove older ones (default: all)")
      ->check(CLI::PositiveNumber);
  command->add_flag("--list", options->list, "List the backups of the folder; make none");
  command->add_flag("--verify", options->verify,
                    "Read every file of the backups against its checksum; make none");
  command->add_option("--id", options->id, "With --verify: check this one only")->check(CLI::PositiveNumber);
}

}  // namespace weft::tools
