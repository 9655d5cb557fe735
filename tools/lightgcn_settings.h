// Section [lightgcn] of a project file.
#pragma once

#include <cstddef>

#include "base/toml.h"
#include "gnn/lightgcn/lightgcn.h"
#include "tools/vector_kind.h"

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

}  // namespace weft::tools
