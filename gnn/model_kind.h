// Which model a project asks for.
#pragma once

#include "base/toml.h"

namespace weft::gnn {

enum class ModelKind { kGraphSage, kGat, kLightGcn, kSkipGram };

// model.kind of the project file: "graphsage" (also if it says nothing), "gat", "lightgcn" or "skipgram".
ModelKind read_model_kind(const TomlSection& root);

}  // namespace weft::gnn
