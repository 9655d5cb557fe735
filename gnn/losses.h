// Ranking losses over scores. All are means over supervised events and differentiable in the scores.
#pragma once

#include <torch/types.h>

namespace weft::gnn {

// -log softmax of each event's positive among the candidates. scores [events, candidates]; positive [events]
// int32 or int64 columns; masked: int64 positions in the flattened scores that do not count (never a
// positive), may be empty; log_q [candidates] or undefined: subtracted first (sampled softmax with log-Q
// correction: Yi et al. 2019).
torch::Tensor candidate_softmax_loss(const torch::Tensor& scores, const torch::Tensor& positive,
                                     const torch::Tensor& masked, const torch::Tensor& log_q);

// -log softmax of the positive among itself and the event's own negatives. positive [events], negative
// [events, k], valid [events, k] bool; log_q [events, 1 + k] or undefined.
torch::Tensor sampled_softmax_loss(const torch::Tensor& positive, const torch::Tensor& negative,
                                   const torch::Tensor& valid, const torch::Tensor& log_q);

// Bayesian personalised ranking (Rendle et al. 2009): -log sigmoid(positive - negative), mean over the valid
// pairs.
torch::Tensor bpr_loss(const torch::Tensor& positive, const torch::Tensor& negative,
                       const torch::Tensor& valid);

}  // namespace weft::gnn
