// Skip-gram on random walks as a model of a project: `model.kind = "skipgram"`, its settings in [skipgram],
// its files as tools/vector_model.h says.
#pragma once

#include <filesystem>

#include "gnn/trainer.h"
#include "tools/cli.h"
#include "tools/project_context.h"

namespace weft::tools {

gnn::TrainResult train_skipgram_model(Cli& cli, const ProjectContext& context,
                                      const std::filesystem::path& folder, bool resume);

}  // namespace weft::tools
