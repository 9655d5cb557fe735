// Which models are one vector a node (tools/vector_model.h), and the settings that they share.
#pragma once

#include <cstdint>
#include <optional>

#include "base/toml.h"

namespace weft::tools {

// By the name of their section, which is also model.kind.
enum class VectorKind { kLightGcn, kSkipGram };
const char* name_of(VectorKind kind);   // "lightgcn"
const char* title_of(VectorKind kind);  // "LightGCN"
// Nothing: the project asks for a network.
std::optional<VectorKind> wanted_vectors(const TomlSection& root);

// When to stop, and which epoch is the best: by ndcg@20 on the validation part, or without one by the lowest
// mean loss.
struct EpochRules {
  std::int64_t epochs = 30;
  std::int64_t validate_every = 1;  // epochs
  std::int64_t patience = 10;  // validations without a better ndcg@20 after which training stops; 0: never
  double learning_rate = 0;    // named where the loss is not finite any more
};
// Reads epochs, validate_every and patience.
EpochRules read_epoch_rules(const TomlSection& section);

}  // namespace weft::tools
