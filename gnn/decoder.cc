#include "gnn/decoder.h"

#include <torch/nn/init.h>

#include <cmath>

namespace weft::gnn {
namespace {

constexpr std::int64_t kOffsetWidth = 16;

torch::Tensor normalised(const torch::Tensor& x) {
  return x / x.square().sum(1, true).add(1e-12).sqrt();
}

}  // namespace

DecoderImpl::DecoderImpl(std::size_t structure_width, const ModelOptions& options) : kind_(options.decoder) {
  log_scale_ = register_parameter("log_scale", torch::full({1}, -std::log(options.temperature)));
  if (!options.item_bias) return;
  from_state_ = register_module("from_state", torch::nn::Linear(options.dim, 1));
  torch::nn::init::zeros_(from_state_->weight);
  torch::nn::init::zeros_(from_state_->bias);
  if (structure_width == 0) return;
  structure_in_ = register_module(
      "structure_in", torch::nn::Linear(static_cast<std::int64_t>(structure_width), kOffsetWidth));
  structure_out_ = register_module("structure_out", torch::nn::Linear(kOffsetWidth, 1));
  torch::nn::init::zeros_(structure_out_->weight);
  torch::nn::init::zeros_(structure_out_->bias);
}

torch::Tensor DecoderImpl::from_vectors(const torch::Tensor& states) const {
  return (kind_ == DecoderKind::kCosine ? normalised(states) : states) * log_scale_.exp();
}

torch::Tensor DecoderImpl::to_vectors(const torch::Tensor& states) const {
  return kind_ == DecoderKind::kCosine ? normalised(states) : states;
}

torch::Tensor DecoderImpl::offsets(const torch::Tensor& states, const torch::Tensor& structure) {
  if (from_state_.is_empty()) return torch::zeros({states.size(0)});
  torch::Tensor offset = from_state_(states).squeeze(1);
  if (!structure_in_.is_empty()) {
    offset = offset + structure_out_(torch::relu(structure_in_(structure))).squeeze(1);
  }
  return offset;
}

}  // namespace weft::gnn
