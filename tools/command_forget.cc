// `weft forget`: takes a person, or any node, out of the store and the workspace.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/strings.h"
#include "gnn/trained_model.h"
#include "storage/backup.h"
#include "storage/forget.h"
#include "storage/project.h"
#include "storage/snapshot_export.h"
#include "storage/values.h"
#include "tools/cli.h"
#include "tools/encode_lock.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string type, id;
  bool dry_run = false, allow_return = false;
};

// What forgetting does not reach, and who should see to it.
struct Knowing {
  std::vector<std::string> backups = {}, models = {}, encoders = {};
};

graph::NodeTypeId node_type(const graph::Schema& schema, const std::string& name) {
  if (const auto type = schema.find_node_type(name)) return *type;
  std::vector<std::string> names;
  for (const graph::NodeType& type : schema.node_types()) names.push_back(type.name);
  const std::string nearest = nearest_word(name, names);
  throw Error("there is no such node type",
              {.value = name,
               .expected = "one of " + join(names),
               .hint = nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest)},
              ErrorKind::kUsage);
}

// Backups that were taken when the store had the node already: dense ids are given in ascending order.
std::vector<std::string> knowing_backups(const storage::Project& project, const storage::StoreInfo& store,
                                         const std::string& type, graph::NodeId node) {
  std::vector<std::string> out;
  for (const fs::path& folder : storage::backup_folders(project.workspace)) {
    if (!fs::exists(folder)) {
      out.push_back(fmt::format("{} (not there now: look where it went)", folder.string()));
      continue;
    }
    for (const storage::BackupInfo& backup : storage::list_backups(folder)) {
      if (backup.store_uuid != store.uuid) continue;
      for (const auto& [name, count] : backup.counts) {
        if (name != type) continue;
        if (count > node)
          out.push_back(fmt::format("{} backup {} of {}", folder.string(), backup.id,
                                    storage::time_text(backup.created)));
        break;  // edge types, which may have the same name, come after
      }
    }
  }
  return out;
}

std::vector<std::string> knowing_models(const storage::Project& project, const storage::StoreInfo& store) {
  std::vector<std::string> out;
  const fs::path models = project.workspace.folder / "models";
  if (!fs::exists(models)) return out;
  for (const auto& entry : fs::directory_iterator(models)) {
    if (!entry.is_directory()) continue;
    try {
      if (gnn::read_model_info(entry.path()).store_uuid == store.uuid) out.push_back(entry.path().string());
    } catch (const Error&) {
      out.push_back(entry.path().string() + " (cannot be read)");
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> knowing_encoders(const storage::Project& project) {
  std::vector<std::string> out;
  const fs::path encoders = project.workspace.folder / "encoders";
  if (!fs::exists(encoders)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(encoders)) {
    if (entry.is_regular_file()) out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

void print_list(const Cli& cli, const std::string& title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  cli.print(title);
  for (const std::string& line : lines) cli.print(printable("  " + line));
}

Json to_json(const storage::ForgetReport& report, const graph::Schema& schema) {
  Json out = {{"known", report.known}, {"forgotten_before", report.forgotten}};
  for (std::size_t i = 0; i < report.nodes.size(); ++i)
    out["nodes"][schema.node_types()[i].name] = report.nodes[i];
  for (std::size_t i = 0; i < report.edges.size(); ++i)
    out["edges"][schema.edge_types()[i].name] = report.edges[i];
  out["fields"] = report.fields;
  out["first_seen"] = report.first_seen;
  out["quarantined"] = report.quarantined;
  return out;
}

void print_report(const Cli& cli, const storage::ForgetReport& report, const graph::Schema& schema,
                  const std::string& verb) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    if (report.nodes[i] > 0)
      parts.push_back(fmt::format("{} {}", with_commas(report.nodes[i]), schema.node_types()[i].name));
  }
  cli.print(fmt::format("{} nodes: {}; {} values of fields", verb, join(parts), with_commas(report.fields)));
  parts.clear();
  for (std::size_t i = 0; i < report.edges.size(); ++i) {
    if (report.edges[i] > 0)
      parts.push_back(fmt::format("{} {}", with_commas(report.edges[i]), schema.edge_types()[i].name));
  }
  cli.print(fmt::format("{} edges: {}", verb, parts.empty() ? "none" : join(parts)));
  if (report.first_seen > 0)
    cli.print(fmt::format("{} other nodes were first seen with one of these edges: now with the next",
                          with_commas(report.first_seen)));
}

class Forget {
 public:
  Forget(Cli& cli, const storage::Project& project, const Options& options)
      : cli_(cli),
        project_(project),
        options_(options),
        lock_(EncodeLock::try_now(project.workspace)),
        store_(storage::GraphStore::open_existing(project.workspace.store())),
        schema_(store_.schema().graph),
        type_(node_type(schema_, options.type)) {
    if (!lock_)
      throw Error("another process encodes or removes features in this workspace",
                  {.file = project.workspace.folder.string(), .hint = "wait for it: nothing was changed"});
  }

  void run() {
    if (options_.allow_return) return let_return();
    storage::ForgetOptions how = storage::forget_options(project_, type_);
    how.dry_run = options_.dry_run;
    const bool left_over = storage::forgetting_unfinished(store_);
    const storage::ForgetReport report = storage::forget_node(store_, type_, options_.id, how);
    if (!report.known && !report.forgotten && report.quarantined == 0) {
      throw Error(fmt::format("the store has no {} with this id: nothing was changed", options_.type),
                  {.value = options_.id, .hint = "give the id as the sources have it"});
    }
    Knowing knowing{.models = knowing_models(project_, store_.info()),
                    .encoders = knowing_encoders(project_)};
    if (report.known)
      knowing.backups = knowing_backups(project_, store_.info(), options_.type, report.node.id);
    if (options_.dry_run) return show(report, knowing, storage::forgetful_paths(project_.workspace), {});
    const bool removes = report.known || report.quarantined > 0 || left_over;
    std::vector<fs::path> removed;
    if (removes) removed = storage::forgetful_paths(project_.workspace);
    storage::finish_forgetting(store_, project_.workspace, cli_.progress());
    fs::path snapshot;
    if (removes)
      snapshot =
          storage::export_snapshot(store_, project_.workspace, project_.data_root, cli_.progress()).folder;
    show(report, knowing, removed, snapshot);
  }

 private:
  void let_return() {
    const bool had = storage::allow_return(store_, type_, options_.id);
    if (cli_.common().json) return cli_.print_json({{"allowed", had}});
    cli_.print(had ? "rows that name it are taken again from now on; those that were left out meanwhile are "
                     "not read again"
                   : "it was not forgotten: nothing was changed");
  }

  void show(const storage::ForgetReport& report, const Knowing& knowing, const std::vector<fs::path>& removed,
            const fs::path& snapshot) {
    std::vector<std::string> paths;
    for (const fs::path& path : removed) paths.push_back(path.string());
    if (cli_.common().json) {
      Json json = to_json(report, schema_);
      json["dry_run"] = options_.dry_run;
      json["removed"] = paths;
      json["backups"] = knowing.backups;
      json["models"] = knowing.models;
      json["encoders"] = knowing.encoders;
      json["snapshot"] = snapshot.string();
      return cli_.print_json(json);
    }
    if (report.forgotten) cli_.print("it was forgotten before: the graph has nothing of it");
    if (report.known) print_report(cli_, report, schema_, options_.dry_run ? "would remove" : "removed");
    if (!report.known && !report.forgotten)
      cli_.print("the graph has no such node, but rows of the quarantine name it: left out from now on");
    if (report.quarantined > 0)
      cli_.print(fmt::format("{} rows of the quarantine quote it, or may: their excerpts {} blanked",
                             with_commas(report.quarantined), options_.dry_run ? "would be" : "are"));
    print_list(
        cli_,
        options_.dry_run ? "would remove files, as they show it:" : "removed files that showed it:", paths);
    print_list(cli_,
               "backups that still know it (remove them, or forget again after a restore):", knowing.backups);
    print_list(cli_, "models that may have learnt from it (train them again):", knowing.models);
    print_list(cli_, "fitted encoders, which may hold words of its texts (they go when no model uses them):",
               knowing.encoders);
    if (!snapshot.empty()) cli_.print(fmt::format("snapshot {}", snapshot.string()));
    if (options_.dry_run) cli_.print("dry run: nothing was changed");
  }

  Cli& cli_;
  const storage::Project& project_;
  const Options& options_;
  std::optional<EncodeLock> lock_;
  storage::GraphStore store_;
  const graph::Schema& schema_;
  graph::NodeTypeId type_;
};

void run(Cli& cli, const Options& options) {
  const TomlFile toml = cli.read_project_file();
  const storage::Project project =
      storage::read_project(toml, cli.project_path(), storage::Sources::kMayBeMissing);
  if (!storage::GraphStore::exists(project.workspace.store()))
    throw Error("there is no store yet", {.file = project.workspace.store().string()});
  Forget(cli, project, options).run();
}

}  // namespace

void add_forget(Cli& cli) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_project_command(
      "forget", "Remove a person, or any node, and everything keyed to it, down to the bytes",
      [&cli, options] { run(cli, *options); });
  command->add_option("type", options->type, "Node type, as in 'user'")->required();
  command->add_option("id", options->id, "Its id, as the sources have it")->required();
  CLI::Option* dry_run =
      command->add_flag("--dry-run", options->dry_run, "Say what would go; change nothing");
  command->add_flag("--allow-return", options->allow_return, "Take rows that name it again from now on")
      ->excludes(dry_run);
}

}  // namespace weft::tools
