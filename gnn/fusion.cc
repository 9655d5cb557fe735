#include "gnn/fusion.h"

#include <cmath>
#include <limits>

#include "base/error.h"

namespace weft::gnn {

FusionImpl::FusionImpl(std::size_t inputs, std::int64_t hidden, FusionKind kind, double modality_dropout)
    : kind_(kind), modality_dropout_(modality_dropout) {
  const auto count = static_cast<std::int64_t>(inputs);
  absent_ = register_parameter("absent", torch::zeros({hidden}));
  if (kind_ != FusionKind::kGated || inputs < 2) return;
  gate_vectors_ = register_parameter("gate_vectors", torch::zeros({count, hidden}));
  gate_offsets_ = register_parameter("gate_offsets", torch::zeros({count}));
}

torch::Tensor FusionImpl::keep_some(const torch::Tensor& present, ForwardContext& context) const {
  if (!context.is_training() || modality_dropout_ <= 0 || present.size(1) < 2) return present;
  const torch::Tensor draws = context.uniform(present.sizes());
  const torch::Tensor kept = present & (draws >= modality_dropout_);
  // Where all would go, the one with the highest draw stays.
  const torch::Tensor ranked = draws.masked_fill(~present, -1.0);
  const torch::Tensor best = ranked == std::get<0>(ranked.max(1, true));
  return kept | (~kept.any(1, true) & best & present);
}

torch::Tensor FusionImpl::gate_shares(const std::vector<torch::Tensor>& projected,
                                      const torch::Tensor& present) const {
  std::vector<torch::Tensor> gates;
  for (std::size_t i = 0; i < projected.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    gates.push_back(torch::mv(projected[i].tanh(), gate_vectors_[index]) + gate_offsets_[index]);
  }
  // A finite stand-in for minus infinity keeps rows without inputs free of NaN; the mask zeroes them after.
  const torch::Tensor masked = torch::stack(gates, 1).masked_fill(~present, -1e30);
  return torch::softmax(masked, 1) * present.to(masked.scalar_type());
}

torch::Tensor FusionImpl::sum_shares(const torch::Tensor& present, ForwardContext& context) const {
  const torch::Tensor shares = keep_some(present, context).to(torch::kFloat);
  if (present.size(1) < 2) return shares;
  const double each = 1.0 / std::sqrt(static_cast<double>(present.size(1)));
  if (!context.is_training() || modality_dropout_ <= 0) return shares * each;
  // What is left stands for what was hidden: sums are as large on average as without dropout.
  const torch::Tensor several = (present.sum(1, true) > 1).to(torch::kFloat);
  return shares * (each * (1.0 + several * (1.0 / (1.0 - modality_dropout_) - 1.0)));
}

torch::Tensor FusionImpl::fill_absent(const torch::Tensor& sum, const torch::Tensor& shares) const {
  return sum + (shares == 0).all(1, true).to(sum.scalar_type()) * absent_;
}

torch::Tensor FusionImpl::forward(const std::vector<torch::Tensor>& projected, const torch::Tensor& present,
                                  ForwardContext& context) {
  WEFT_CHECK(!projected.empty() && present.size(1) == static_cast<std::int64_t>(projected.size()));
  const torch::Tensor shares = gate_vectors_.defined() ? gate_shares(projected, keep_some(present, context))
                                                       : sum_shares(present, context);
  torch::Tensor sum;
  for (std::size_t i = 0; i < projected.size(); ++i) {
    const torch::Tensor part = projected[i] * shares.narrow(1, static_cast<std::int64_t>(i), 1);
    sum = sum.defined() ? sum + part : part;
  }
  return fill_absent(sum, shares);
}

}  // namespace weft::gnn
