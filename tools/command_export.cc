// `weft export` and `weft import`: the graph in files that other programs read, and back.
#include <fmt/format.h>

#include <memory>
#include <set>

#include "base/error.h"
#include "base/npy.h"
#include "encoders/feature_set.h"
#include "storage/exchange/graph_exchange.h"
#include "storage/fresh_graph.h"
#include "storage/project.h"
#include "tools/cli.h"
#include "tools/feature_folders.h"
#include "tools/project_context.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

namespace fs = std::filesystem;
using storage::ExchangeFormat;

struct Options {
  fs::path folder;
  std::string format = "parquet";
};

ExchangeFormat format_of(const std::string& name) {
  for (const ExchangeFormat format : {ExchangeFormat::kParquet, ExchangeFormat::kNpy}) {
    if (name == storage::exchange_format_name(format)) return format;
  }
  throw Error("there is no such format", {.field = "--format", .value = name, .expected = "parquet or npy"},
              ErrorKind::kUsage);
}

// Of this snapshot's feature sets, features.TYPE.FIELD.npy; with a number behind where a field has several.
std::vector<std::string> write_features(const storage::Project& project, const graph::Snapshot& snapshot,
                                        const fs::path& folder) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const fs::path& set_folder : feature_folders(project)) {
    const encoders::FeatureSet set = encoders::FeatureSet::open(set_folder);
    const encoders::FeatureSetInfo& info = set.info();
    if (info.store_uuid != snapshot.info().store_uuid || info.sequence != snapshot.info().sequence) continue;
    const std::string plain = fmt::format("features.{}.{}", info.node_type, info.field);
    std::string name = plain;
    for (int i = 2; !taken.insert(name).second; ++i) name = fmt::format("{}.{}", plain, i);
    names.push_back(name + ".npy");
    write_npy(folder / names.back(), set.values(), set.rows(), set.dim());
  }
  return names;
}

void run_export(Cli& cli, const Options& options) {
  const TomlFile toml = cli.read_project_file();
  const storage::Project project =
      storage::read_project(toml, cli.project_path(), storage::Sources::kMayBeMissing);
  const ExchangeFormat format = format_of(options.format);
  const graph::Snapshot snapshot = open_current_snapshot(project);
  if (!(snapshot.schema() == project.schema.graph))
    throw Error("the project file now describes another graph than its snapshot holds",
                {.file = project.file.string(), .hint = "run `weft ingest` first"}, ErrorKind::kUsage);
  if (const auto delta = storage::waiting_delta(project.workspace))
    cli.note(
        fmt::format("note: the events {} to {} wait in a delta and are not exported; "
                    "`weft ingest --compact` makes one snapshot of all",
                    with_commas(delta->base_sequence + 1), with_commas(delta->sequence)));
  std::size_t features = 0;
  const storage::ExportReport report = storage::export_graph(
      snapshot, project.schema, options.folder, format,
      [&](const fs::path& folder) {
        const std::vector<std::string> names = write_features(project, snapshot, folder);
        features = names.size();
        return names;
      },
      cli.progress());
  if (cli.common().json) {
    cli.print_json({{"folder", options.folder.string()},
                    {"format", options.format},
                    {"sequence", snapshot.info().sequence},
                    {"nodes", report.nodes},
                    {"edges", report.edges},
                    {"feature_sets", features},
                    {"files", report.files},
                    {"bytes", report.bytes}});
    return;
  }
  cli.print(fmt::format("exported {} nodes and {} edges{} to {}: {} files, {} MB", with_commas(report.nodes),
                        with_commas(report.edges),
                        features == 0 ? "" : fmt::format(" and {} feature sets", features),
                        options.folder.string(), report.files, with_commas(report.bytes / 1'000'000)));
}

void run_import(Cli& cli, const Options& options) {
  const TomlFile toml = cli.read_project_file();
  const storage::Project project =
      storage::read_project(toml, cli.project_path(), storage::Sources::kMayBeMissing);
  const storage::ImportReport report = storage::import_graph(project, options.folder, cli.progress());
  if (cli.common().json) {
    cli.print_json(
        {{"nodes", report.nodes}, {"edges", report.edges}, {"snapshot", report.snapshot.string()}});
    return;
  }
  cli.print(fmt::format("imported {} nodes and {} edges; the snapshot is {}", with_commas(report.nodes),
                        with_commas(report.edges), report.snapshot.string()));
}

}  // namespace

void add_export(Cli& cli) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      cli.add_project_command("export", "Write the graph as Parquet or NumPy files for other programs",
                              [&cli, options] { run_export(cli, *options); });
  command->add_option("--out", options->folder, "Folder to write; it must not exist")->required();
  command->add_option("--format", options->format, "parquet or npy")->capture_default_str();
}

void add_import(Cli& cli) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      cli.add_project_command("import", "Make a workspace's graph from a folder that `weft export` wrote",
                              [&cli, options] { run_import(cli, *options); });
  command->add_option("folder", options->folder, "The exported folder")->required();
}

}  // namespace weft::tools
