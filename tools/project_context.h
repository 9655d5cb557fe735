// What most commands start from: the project file, its snapshot, its task and its split, and where models and
// features lie.
#pragma once

#include <filesystem>
#include <string>

#include "base/toml.h"
#include "gnn/task_options.h"
#include "graph/snapshot.h"
#include "graph/split.h"
#include "storage/project.h"
#include "tools/cli.h"

namespace weft::tools {

struct ProjectContext {
  TomlFile toml;
  storage::Project project = {};
  graph::Snapshot snapshot;
  gnn::TaskOptions task = {};
  graph::EdgeTypeId target = 0;
  graph::Split split = {};

  graph::NodeTypeId user_type() const { return snapshot.schema().edge_type(target).from; }
  graph::NodeTypeId item_type() const { return snapshot.schema().edge_type(target).to; }
};

// The workspace's current snapshot as it is. Throws Error with a hint to run `weft ingest` if there is none.
graph::Snapshot open_current_snapshot(const storage::Project& project);

// Everything above. Sources need not be there any more. All sections are read, whichever kind of model
// they are for: a slip in one that is not used now is an error all the same. Where an ingest left a delta, it
// and its snapshot are made one snapshot first, and a note says so; while another process writes, the
// snapshot is taken as it is, and a note says what it lacks.
ProjectContext open_project(const Cli& cli);
// Of a project file that was read already; `file` is where it lies. A delta is left alone.
ProjectContext open_project(TomlFile toml, const std::filesystem::path& file);

// workspace/models/NAME. Throws Error (kUsage) if the name would lead elsewhere.
std::filesystem::path model_folder(const storage::Project& project, const std::string& name);

// The node of that external id; an Error (kUsage) that names it, and the ids near to it, if there
// is none.
graph::NodeId find_node(const graph::Snapshot& snapshot, graph::NodeTypeId type,
                        const std::string& external_id);

}  // namespace weft::tools
