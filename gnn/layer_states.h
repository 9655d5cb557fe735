// What a layer reads of the nodes of one type.
#pragma once

#include <torch/types.h>

#include "gnn/ops/joined_linear.h"

namespace weft::gnn {

// States: the rows themselves, or with `matrix` the rows times it plus `offset`, which the layer then
// multiplies into its own matrices.
struct LayerStates {
  StateRows rows = {};
  torch::Tensor matrix = {};  // [width, hidden]
  torch::Tensor offset = {};  // [hidden]
};

}  // namespace weft::gnn
