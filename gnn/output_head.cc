#include "gnn/output_head.h"

#include <torch/nn/init.h>

namespace weft::gnn {

OutputHeadImpl::OutputHeadImpl(const ModelOptions& options) {
  linear_ = register_module("linear", torch::nn::Linear(options.hidden, options.dim));
  if (options.head == HeadKind::kLinear) return;
  inner_ = register_module("inner", torch::nn::Linear(options.hidden, 2 * options.hidden));
  outer_ = register_module("outer", torch::nn::Linear(2 * options.hidden, options.dim));
  torch::nn::init::zeros_(outer_->weight);
  torch::nn::init::zeros_(outer_->bias);
}

torch::Tensor OutputHeadImpl::forward(const torch::Tensor& states) {
  const torch::Tensor direct = linear_(states);
  return inner_.is_empty() ? direct : direct + outer_(torch::gelu(inner_(states)));
}

}  // namespace weft::gnn
