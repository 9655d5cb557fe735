// LightGCN as a model of a project: `model.kind = "lightgcn"`, its settings in [lightgcn], its files as
// tools/vector_model.h says.
#pragma once

#include <filesystem>

#include "gnn/lightgcn/lightgcn.h"
#include "gnn/lightgcn/lightgcn_trainer.h"
#include "gnn/trainer.h"
#include "tools/cli.h"
#include "tools/project_context.h"
#include "tools/vector_model.h"

namespace weft::tools {

struct LightGcnSettings {
  gnn::LightGcnOptions model = {};
  std::size_t batch = 2048;
  bool on_gpu = false;  // train behind the CUDA plugin
  EpochRules rules = {};
};

// Reads [lightgcn]: dim, layers, l2, learning_rate, init, seed, batch, device, epochs, validate_every,
// patience.
LightGcnSettings read_lightgcn_settings(const TomlSection& root);

// Trains on the train part, as train_vectors says.
gnn::TrainResult train_lightgcn_model(Cli& cli, const ProjectContext& context,
                                      const std::filesystem::path& folder, bool resume);

}  // namespace weft::tools
