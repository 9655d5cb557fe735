// The [task] section of the project file: which edge type's links are predicted, and how events are split.
#pragma once

#include <string>

#include "base/toml.h"
#include "graph/split.h"

namespace weft::gnn {

struct TaskOptions {
  std::string target = {};  // edge type name; its source nodes get recommendations of its target nodes
  graph::SplitSpec split = {};
};

// Reads [task] of a project file. Throws Error (kUsage) on unknown keys and values out of range.
TaskOptions read_task_options(const TomlSection& root);

}  // namespace weft::gnn
