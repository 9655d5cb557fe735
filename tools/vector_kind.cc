#include "tools/vector_kind.h"

#include "gnn/model_kind.h"

namespace weft::tools {

const char* name_of(VectorKind kind) {
  return kind == VectorKind::kLightGcn ? "lightgcn" : "skipgram";
}

const char* title_of(VectorKind kind) {
  return kind == VectorKind::kLightGcn ? "LightGCN" : "skip-gram";
}

std::optional<VectorKind> wanted_vectors(const TomlSection& root) {
  switch (gnn::read_model_kind(root)) {
    case gnn::ModelKind::kLightGcn:
      return VectorKind::kLightGcn;
    case gnn::ModelKind::kSkipGram:
      return VectorKind::kSkipGram;
    case gnn::ModelKind::kGraphSage:
    case gnn::ModelKind::kGat:
      break;
  }
  return std::nullopt;
}

EpochRules read_epoch_rules(const TomlSection& section) {
  EpochRules rules;
  rules.epochs = section.get_integer_in("epochs", rules.epochs, 1, 1'000'000);
  rules.validate_every = section.get_integer_in("validate_every", rules.validate_every, 1, 1'000'000);
  rules.patience = section.get_integer_in("patience", rules.patience, 0, 1'000'000);
  return rules;
}

}  // namespace weft::tools
