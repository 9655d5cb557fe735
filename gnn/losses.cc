#include "gnn/losses.h"

namespace weft::gnn {
namespace {

constexpr double kNever = -1e30;  // finite, so that a row of it alone has no NaN gradient

}  // namespace

torch::Tensor candidate_softmax_loss(const torch::Tensor& scores, const torch::Tensor& positive,
                                     const torch::Tensor& masked, const torch::Tensor& log_q) {
  torch::Tensor logits = log_q.defined() ? scores - log_q : scores;
  if (masked.defined() && masked.numel() > 0) {
    logits = logits.reshape({-1}).index_fill(0, masked, kNever).view(scores.sizes());
  }
  const torch::Tensor own = logits.gather(1, positive.to(torch::kLong).unsqueeze(1)).squeeze(1);
  return (torch::logsumexp(logits, 1) - own).mean();
}

torch::Tensor sampled_softmax_loss(const torch::Tensor& positive, const torch::Tensor& negative,
                                   const torch::Tensor& valid, const torch::Tensor& log_q) {
  torch::Tensor own = positive.unsqueeze(1);
  torch::Tensor others = negative;
  if (log_q.defined()) {
    own = own - log_q.narrow(1, 0, 1);
    others = others - log_q.narrow(1, 1, log_q.size(1) - 1);
  }
  const torch::Tensor logits = torch::cat({own, others.masked_fill(~valid, kNever)}, 1);
  return (torch::logsumexp(logits, 1) - own.squeeze(1)).mean();
}

torch::Tensor bpr_loss(const torch::Tensor& positive, const torch::Tensor& negative,
                       const torch::Tensor& valid) {
  const torch::Tensor losses = torch::softplus(negative - positive.unsqueeze(1)).masked_fill(~valid, 0.0);
  return losses.sum() / valid.sum().clamp_min(1);
}

}  // namespace weft::gnn
