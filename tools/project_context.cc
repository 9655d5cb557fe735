#include "tools/project_context.h"

#include <fmt/format.h>

#include <optional>

#include "base/error.h"
#include "base/strings.h"
#include "encoders/options.h"
#include "gnn/model_options.h"
#include "gnn/train_options.h"
#include "gnn/walk_relations.h"
#include "graph/close_ids.h"
#include "storage/fresh_graph.h"
#include "storage/graph_store.h"
#include "storage/snapshot_export.h"
#include "tools/lightgcn_model.h"
#include "tools/loaded_model.h"
#include "tools/row_cleaning.h"
#include "tools/skipgram_model.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

void check_settings(const TomlSection& root, const graph::Schema& schema) {
  encoders::parse_encoder_options(root.section("encoders"));
  gnn::with_walks(schema, gnn::read_model_options(root));
  gnn::read_train_options(root);
  read_lightgcn_settings(root);
  read_skipgram_settings(root, schema);
}

}  // namespace

graph::Snapshot open_current_snapshot(const storage::Project& project) {
  const auto folder = storage::current_snapshot(project.workspace);
  if (!folder) {
    throw Error("there is no snapshot yet",
                {.file = project.workspace.folder.string(),
                 .hint = fmt::format("run 'weft ingest {}' first", project.file.string())});
  }
  return graph::Snapshot::open(*folder);
}

namespace {

void compact(const storage::Project& project, const Cli& cli) {
  const auto delta = storage::waiting_delta(project.workspace);
  if (!delta) return;
  std::optional<storage::GraphStore> store;
  try {
    store.emplace(storage::GraphStore::open_existing(project.workspace.store()));
  } catch (const Error& error) {
    cli.note(fmt::format("note: the snapshot is taken without the events {} to {}, which wait in a delta: {}",
                         with_commas(delta->base_sequence + 1), with_commas(delta->sequence), error.what()));
    return;
  }
  cli.note(fmt::format("making one snapshot of the current one and its delta (events {} to {})",
                       with_commas(delta->base_sequence + 1), with_commas(delta->sequence)));
  storage::freshen(*store, project.workspace, project.data_root,
                   {.how = storage::Freshen::kSnapshot,
                    .delta_share = project.delta_share,
                    .snapshot = {.threads = cli.threads()}});
}

// Without a `cli` what waits in a delta stays there.
ProjectContext open(TomlFile toml, const std::filesystem::path& file, const Cli* cli,
                    const FindConstants& constants) {
  storage::Project project = storage::read_project(toml, file, storage::Sources::kMayBeMissing);
  check_settings(toml.root(), project.schema.graph);
  check_row_rules(toml.root(), project);
  if (cli != nullptr) compact(project, *cli);
  graph::Snapshot snapshot = open_current_snapshot(project);
  if (!(snapshot.schema() == project.schema.graph)) {
    throw Error("the snapshot's node and edge types are not the project file's",
                {.file = project.file.string(),
                 .hint = "run 'weft ingest' again; if it refuses, use a new project.workspace"});
  }
  CleanedProject cleaned = clean_project(toml.root(), project, snapshot, constants);
  std::optional<graph::CleanConstants> cleaning;
  if (cleaned.graph.constants.rules.any()) cleaning = std::move(cleaned.graph.constants);
  return {.toml = std::move(toml),
          .project = std::move(project),
          .snapshot = std::move(cleaned.graph.snapshot),
          .task = std::move(cleaned.task),
          .target = cleaned.target,
          .split = std::move(cleaned.graph.split),
          .all = std::move(snapshot),
          .cleaning = std::move(cleaning)};
}

}  // namespace

CleanedProject clean_project(const TomlSection& root, const storage::Project& project,
                             const graph::Snapshot& snapshot, const FindConstants& find_constants) {
  gnn::TaskOptions task = gnn::read_task_options(root);
  const TomlSection section = root.section("task");
  const auto target = snapshot.schema().find_edge_type(task.target);
  if (!target) {
    std::vector<std::string> names;
    for (const auto& type : snapshot.schema().edge_types()) names.push_back(type.name);
    const std::string nearest = nearest_word(task.target, names);
    section.fail("target", "no such edge type", "one of " + join(names),
                 nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest));
  }
  graph::CleanRules rules = graph::settle_clean_rules(project.row_rules, snapshot.schema(), *target);
  std::optional<graph::CleanConstants> constants;
  if (find_constants) constants = find_constants(project, rules);
  graph::Split split = graph::make_split(snapshot, *target, task.split);
  if (!rules.any()) {
    return {.target = *target,
            .task = std::move(task),
            .graph = {.snapshot = snapshot, .split = std::move(split), .constants = {.rules = rules}}};
  }
  if (!constants) constants = graph::fit_clean(snapshot, split, rules);
  return {.target = *target,
          .task = std::move(task),
          .graph = storage::cleaned_graph(project.workspace, snapshot, split, std::move(*constants))};
}

ProjectContext open_project(const Cli& cli) {
  return open(cli.read_project_file(), cli.project_path(), &cli, {});
}

ProjectContext open_project(TomlFile toml, const std::filesystem::path& file) {
  return open(std::move(toml), file, nullptr, {});
}

ProjectContext open_project_for_model(const Cli& cli, const std::string& model) {
  const auto of_model = [&](const storage::Project& project,
                            const graph::CleanRules& rules) -> std::optional<graph::CleanConstants> {
    const std::filesystem::path folder = model_folder(project, model);
    const auto trained_on = model_snapshot(folder);
    if (!trained_on) return std::nullopt;  // no model: its own error follows
    auto constants = model_constants(folder, *trained_on, project.schema.graph);
    const graph::CleanRules trained = constants ? constants->rules : graph::CleanRules{};
    if (constants ? trained == rules : !rules.any()) return constants;
    throw Error("the model was trained with other rules over rows",
                {.file = folder.string(),
                 .field = "clean",
                 .value = rules.text(project.schema.graph),
                 .expected = constants ? trained.text(project.schema.graph) : "none",
                 .hint = "train it again, or put clean.pairs and clean.core back"},
                ErrorKind::kUsage);
  };
  return open(cli.read_project_file(), cli.project_path(), &cli, of_model);
}

std::filesystem::path model_folder(const storage::Project& project, const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    throw Error("not a model name", {.field = "--model", .value = name, .expected = "a name without '/'"},
                ErrorKind::kUsage);
  }
  return project.workspace.folder / "models" / name;
}

std::vector<std::uint8_t> nodes_to_show(const graph::Snapshot& snapshot, graph::NodeTypeId type) {
  const std::uint64_t forgotten = snapshot.forgotten_nodes(type);
  if (forgotten == 0) return {};
  std::vector<std::uint8_t> out(snapshot.node_count(type), 1);
  for (const graph::NodeId node : snapshot.id_order(type).first(forgotten)) out[node] = 0;
  return out;
}

graph::NodeId find_node(const graph::Snapshot& snapshot, graph::NodeTypeId type,
                        const std::string& external_id) {
  if (const auto node = snapshot.find_node(type, external_id)) return *node;
  const std::string& name = snapshot.schema().node_type(type).name;
  ErrorContext context{.value = external_id};
  std::vector<std::string> close = graph::close_ids(snapshot, type, external_id);
  for (std::string& id : close) id = fmt::format("'{}'", excerpt(id));
  if (!close.empty()) {
    context.hint = fmt::format("did you mean {}?", join(close, " or "));
  } else if (snapshot.node_count(type) > 0) {
    context.hint = fmt::format("{} ids look like '{}'", name,
                               excerpt(snapshot.external_id({type, snapshot.id_order(type).back()})));
  }
  throw Error(fmt::format("there is no {} with this id", name), std::move(context), ErrorKind::kUsage);
}

}  // namespace weft::tools
