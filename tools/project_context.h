// What most commands start from: the project file, its snapshot, its task and its split, and where models and
// features lie.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/toml.h"
#include "gnn/task_options.h"
#include "graph/snapshot.h"
#include "graph/split.h"
#include "storage/cleaned_graphs.h"
#include "storage/project.h"
#include "tools/cli.h"

namespace weft::tools {

struct ProjectContext {
  TomlFile toml;
  storage::Project project = {};
  graph::Snapshot snapshot;  // what cleaning over rows leaves
  gnn::TaskOptions task = {};
  graph::EdgeTypeId target = 0;
  graph::Split split = {};  // of it
  graph::Snapshot all;      // with what cleaning took away; the same where it took nothing
  std::optional<graph::CleanConstants> cleaning = {};  // nothing: the project has no rules over rows

  graph::NodeTypeId user_type() const { return snapshot.schema().edge_type(target).from; }
  graph::NodeTypeId item_type() const { return snapshot.schema().edge_type(target).to; }
};

// The workspace's current snapshot as it is. Throws Error with a hint to run `weft ingest` if there is none.
graph::Snapshot open_current_snapshot(const storage::Project& project);

// The constants to clean with, given the project's settled rules; nothing: fit them.
using FindConstants =
    std::function<std::optional<graph::CleanConstants>(const storage::Project&, const graph::CleanRules&)>;

// Everything above. Sources need not be there any more. All sections are read, whichever kind of model
// they are for: a slip in one that is not used now is an error all the same. Where an ingest left a delta, it
// and its snapshot are made one snapshot first, and a note says so; while another process writes, the
// snapshot is taken as it is, and a note says what it lacks.
ProjectContext open_project(const Cli& cli, const FindConstants& find_constants = {});
// Of a project file that was read already; `file` is where it lies. A delta is left alone.
ProjectContext open_project(TomlFile toml, const std::filesystem::path& file);
struct CleanedProject {
  graph::EdgeTypeId target = 0;
  gnn::TaskOptions task = {};
  storage::CleanedGraph graph;
};
// The snapshot split by the task and cleaned by the project's rules: with the constants that were found, or
// fitted on its train part.
CleanedProject clean_project(const TomlSection& root, const storage::Project& project,
                             const graph::Snapshot& snapshot, const FindConstants& find_constants = {});

// workspace/models/NAME. Throws Error (kUsage) if the name would lead elsewhere.
std::filesystem::path model_folder(const storage::Project& project, const std::string& name);

// [nodes], 0: forgotten, and not to be shown; empty: none is.
std::vector<std::uint8_t> nodes_to_show(const graph::Snapshot& snapshot, graph::NodeTypeId type);

// The node of that external id; an Error (kUsage) that names it, and the ids near to it, if there
// is none.
graph::NodeId find_node(const graph::Snapshot& snapshot, graph::NodeTypeId type,
                        const std::string& external_id);

}  // namespace weft::tools
