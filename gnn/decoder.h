// Scores of links from node vectors: a scalar product (or cosine), a learned temperature, an offset of the
// target.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include "gnn/model_options.h"

namespace weft::gnn {

class DecoderImpl : public torch::nn::Module {
 public:
  // `structure_width`: of the target nodes' structural inputs.
  DecoderImpl(std::size_t structure_width, const ModelOptions& options);

  // Vectors ready for the scalar product: `from` carries the temperature, both are normalised if the decoder
  // is the cosine. states [n, dim] -> [n, dim].
  torch::Tensor from_vectors(const torch::Tensor& states) const;
  torch::Tensor to_vectors(const torch::Tensor& states) const;
  // Offsets of target nodes [n] from their vectors [n, dim] and structural inputs [n, width]; zeros without
  // item_bias.
  torch::Tensor offsets(const torch::Tensor& states, const torch::Tensor& structure);

 private:
  DecoderKind kind_;
  torch::Tensor log_scale_;  // one number: minus the log of the temperature
  torch::nn::Linear from_state_{nullptr}, structure_in_{nullptr}, structure_out_{nullptr};
};
TORCH_MODULE(Decoder);

}  // namespace weft::gnn
