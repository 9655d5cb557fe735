#include "gnn/task_options.h"

namespace weft::gnn {

TaskOptions read_task_options(const TomlSection& root) {
  const TomlSection task = root.section("task");
  TaskOptions options;
  options.target = task.get_string("target");
  options.split = graph::read_split_spec(task);
  task.check_no_unknown_keys();
  return options;
}

}  // namespace weft::gnn
