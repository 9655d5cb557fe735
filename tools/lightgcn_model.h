// LightGCN as a model of a project: `model.kind = "lightgcn"`, its settings in [lightgcn], its files in the
// model's folder.
//
//   lightgcn.safetensors  - vectors of users and items after the best epoch; zero where there was no train
//   event last.safetensors      - free vectors and optimizer state after the last finished epoch: what
//   --resume reads metrics.jsonl         - one line an epoch
#pragma once

#include <filesystem>
#include <vector>

#include "gnn/lightgcn/lightgcn.h"
#include "gnn/lightgcn/lightgcn_trainer.h"
#include "gnn/trained_model.h"
#include "gnn/trainer.h"
#include "tools/cli.h"
#include "tools/project_context.h"

namespace weft::tools {

inline constexpr const char* kLightGcnFile = "lightgcn.safetensors";

struct LightGcnSettings {
  gnn::LightGcnOptions model = {};
  gnn::LightGcnTraining training = {};
  bool on_gpu = false;              // train behind the CUDA plugin
  std::int64_t validate_every = 1;  // epochs
  std::int64_t patience = 10;  // validations without a better ndcg@20 after which training stops; 0: never
};

// Whether the project's [model] asks for LightGCN.
bool wants_lightgcn(const TomlSection& root);
// Reads [lightgcn]: dim, layers, l2, learning_rate, init, seed, epochs, batch, device,
// validate_every, patience.
LightGcnSettings read_lightgcn_settings(const TomlSection& root);

struct LightGcnVectors {
  gnn::NodeVectors users = {}, items = {};
};

// Trains on the train part; deterministic. With `resume` goes on after the last finished epoch. An earlier
// model of the folder stays until the first best epoch replaces it.
gnn::TrainResult train_lightgcn_model(Cli& cli, const ProjectContext& context,
                                      const std::filesystem::path& folder, bool resume);

bool holds_lightgcn(const std::filesystem::path& folder);
// The checksum of the snapshot it was trained on; 0 for a model that does not say.
std::uint64_t lightgcn_snapshot(const std::filesystem::path& folder);
gnn::TrainedSplit lightgcn_split(const std::filesystem::path& folder);
// Rows for all nodes of the snapshot; those that came after training are zero.
LightGcnVectors load_lightgcn(const ProjectContext& context, const std::filesystem::path& folder);

}  // namespace weft::tools
