#include "tools/project_context.h"

#include <fmt/format.h>

#include <optional>

#include "base/error.h"
#include "base/strings.h"
#include "encoders/options.h"
#include "gnn/model_options.h"
#include "gnn/train_options.h"
#include "graph/close_ids.h"
#include "storage/fresh_graph.h"
#include "storage/graph_store.h"
#include "storage/snapshot_export.h"
#include "tools/lightgcn_model.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

void check_settings(const TomlSection& root) {
  encoders::parse_encoder_options(root.section("encoders"));
  gnn::read_model_options(root);
  gnn::read_train_options(root);
  wants_lightgcn(root);
  read_lightgcn_settings(root);
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

ProjectContext open_project_of(TomlFile toml, const std::filesystem::path& file, const Cli* cli);

}  // namespace

ProjectContext open_project(const Cli& cli) {
  return open_project_of(cli.read_project_file(), cli.project_path(), &cli);
}

ProjectContext open_project(TomlFile toml, const std::filesystem::path& file) {
  return open_project_of(std::move(toml), file, nullptr);
}

namespace {

ProjectContext open_project_of(TomlFile toml, const std::filesystem::path& file, const Cli* cli) {
  storage::Project project = storage::read_project(toml, file, storage::Sources::kMayBeMissing);
  check_settings(toml.root());
  if (cli != nullptr) compact(project, *cli);
  graph::Snapshot snapshot = open_current_snapshot(project);
  if (!(snapshot.schema() == project.schema.graph)) {
    throw Error("the snapshot's node and edge types are not the project file's",
                {.file = project.file.string(),
                 .hint = "run 'weft ingest' again; if it refuses, use a new project.workspace"});
  }
  gnn::TaskOptions task = gnn::read_task_options(toml.root());
  const TomlSection section = toml.root().section("task");
  const auto target = snapshot.schema().find_edge_type(task.target);
  if (!target) {
    std::vector<std::string> names;
    for (const auto& type : snapshot.schema().edge_types()) names.push_back(type.name);
    const std::string nearest = nearest_word(task.target, names);
    section.fail("target", "no such edge type", "one of " + join(names),
                 nearest.empty() ? "" : fmt::format("did you mean '{}'?", nearest));
  }
  graph::Split split = graph::make_split(snapshot, *target, task.split);
  return {std::move(toml), std::move(project), std::move(snapshot), std::move(task),
          *target,         std::move(split)};
}

}  // namespace

std::filesystem::path model_folder(const storage::Project& project, const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    throw Error("not a model name", {.field = "--model", .value = name, .expected = "a name without '/'"},
                ErrorKind::kUsage);
  }
  return project.workspace.folder / "models" / name;
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
    context.hint = fmt::format("{} ids look like '{}'", name, excerpt(snapshot.external_id({type, 0})));
  }
  throw Error(fmt::format("there is no {} with this id", name), std::move(context), ErrorKind::kUsage);
}

}  // namespace weft::tools
