#include "gnn/model_kind.h"

namespace weft::gnn {

ModelKind read_model_kind(const TomlSection& root) {
  return static_cast<ModelKind>(
      root.section("model").get_choice("kind", {"graphsage", "gat", "lightgcn", "skipgram"}, 0));
}

}  // namespace weft::gnn
