// The last step to the vectors that are scored: a linear map of the states, or that plus a two-layer
// perceptron which begins at zero, so that training starts from the linear model.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include "gnn/model_options.h"

namespace weft::gnn {

class OutputHeadImpl : public torch::nn::Module {
 public:
  explicit OutputHeadImpl(const ModelOptions& options);
  // [n, hidden] -> [n, dim]
  torch::Tensor forward(const torch::Tensor& states);

 private:
  torch::nn::Linear linear_{nullptr}, inner_{nullptr}, outer_{nullptr};
};
TORCH_MODULE(OutputHead);

}  // namespace weft::gnn
