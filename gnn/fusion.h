// Joins the projected inputs of a node into one vector, whichever of them it has.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <vector>

#include "gnn/forward_context.h"
#include "gnn/model_options.h"

namespace weft::gnn {

// Gated: a softmax over the present inputs' gates, each a learned scoring of the projected vector (in the
// manner of Arevalo et al. 2017, "Gated multimodal units", with a softmax in place of the sigmoids). Sum: the
// plain sum of the present, over the root of how many inputs there are. A node with none gets a learned
// vector.
class FusionImpl : public torch::nn::Module {
 public:
  FusionImpl(std::size_t inputs, std::int64_t hidden, FusionKind kind, double modality_dropout);

  // projected: one [n, hidden] per input; present: [n, inputs] bool. Returns [n, hidden].
  torch::Tensor forward(const std::vector<torch::Tensor>& projected, const torch::Tensor& present,
                        ForwardContext& context);
  // What each input counts by in the sum of FusionKind::kSum, [n, inputs]: 0 for those that are missing or
  // hidden.
  torch::Tensor sum_shares(const torch::Tensor& present, ForwardContext& context) const;
  // `sum` with the learned vector in the rows without any input: those whose shares are all 0.
  torch::Tensor fill_absent(const torch::Tensor& sum, const torch::Tensor& shares) const;
  FusionKind kind() const { return kind_; }
  // `present` less what modality dropout hides: at least one input of a node that has any stays.
  torch::Tensor keep_some(const torch::Tensor& present, ForwardContext& context) const;
  // The gates' softmax, [n, inputs]; a node with no input gets zeros.
  torch::Tensor gate_shares(const std::vector<torch::Tensor>& projected, const torch::Tensor& present) const;

 private:
  FusionKind kind_;
  double modality_dropout_;
  torch::Tensor gate_vectors_;  // [inputs, hidden]
  torch::Tensor gate_offsets_;  // [inputs]
  torch::Tensor absent_;        // [hidden]
};
TORCH_MODULE(Fusion);

}  // namespace weft::gnn
