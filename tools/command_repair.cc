// `weft repair`: rebuilds a damaged store from what can be read of it.
#include <fmt/format.h>

#include "storage/project.h"
#include "storage/repair.h"
#include "tools/cli.h"

namespace weft::tools {
namespace {

void print_lines(const Cli& cli, const std::string& title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  cli.print(title);
  for (const std::string& line : lines) cli.print("  " + line);
}

void run(Cli& cli) {
  const TomlFile toml = cli.read_project_file();
  const storage::Project project =
      storage::read_project(toml, cli.project_path(), storage::Sources::kMayBeMissing);
  const storage::RepairReport report =
      storage::repair_store(project.workspace, project.schema, cli.progress());
  if (cli.common().json) {
    cli.print_json({{"needed", report.needed},
                    {"found", report.found},
                    {"rebuilt", report.rebuilt},
                    {"rebuilt_count", report.rebuilt_count},
                    {"lost", report.lost},
                    {"lost_count", report.lost_count},
                    {"kept", report.kept.string()}});
    return;
  }
  if (!report.needed) {
    cli.print("nothing is broken in the store: it is as it was");
    return;
  }
  print_lines(cli, "found:", report.found);
  print_lines(cli, "rebuilt:", report.rebuilt);
  print_lines(cli, "lost:", report.lost);
  cli.print(fmt::format("repaired: {} rebuilt, {} lost", with_commas(report.rebuilt_count),
                        with_commas(report.lost_count)));
  if (!report.kept.empty())
    cli.print(
        fmt::format("the store as it was: {} (remove it when you need nothing of it)", report.kept.string()));
  cli.print(fmt::format("next: weft ingest {} reads what is lost again where it can, and writes a snapshot",
                        cli.project_path().string()));
}

}  // namespace

void add_repair(Cli& cli) {
  cli.add_project_command("repair", "Rebuild a damaged store from what can be read of it",
                          [&cli] { run(cli); });
}

}  // namespace weft::tools
