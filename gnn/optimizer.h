// Adam and AdamW with a state that can be written down exactly, for dense parameters and, row by row, for
// tables of free vectors.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gnn/forward_context.h"
#include "gnn/kernels/adam.h"
#include "gnn/train_options.h"

namespace weft::gnn {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

// The learning rate of a step (from 1): linear from 0 over warm-up, then constant or a cosine down to 0 at
// `total`.
double scheduled_rate(const TrainOptions& options, std::uint64_t step, std::uint64_t total);

// Kingma and Ba 2015; kAdamW decays weights beside the gradient (Loshchilov and Hutter 2019), kAdam adds the
// decay to it. Vectors and single numbers (offsets, gains) are not decayed. Tables: moments of a row move
// only in steps that use the row, as in torch.optim.SparseAdam; kAdamW decays the rows used. Not thread-safe.
class Optimizer {
 public:
  Optimizer(NamedTensors parameters, NamedTensors tables, const TrainOptions& options);

  // Clips the gradients' global norm, updates, clears gradients. Returns the norm before clipping. Throws
  // Error if it is not finite.
  double step(double rate, std::span<const TableUse> uses);
  std::uint64_t steps() const { return steps_; }

  // Moments by name: "first.<parameter>", "second.<parameter>".
  NamedTensors state() const;
  // Throws Error if a tensor is missing or of another shape.
  void restore(const std::map<std::string, torch::Tensor>& state, std::uint64_t steps);

 private:
  struct Slot {
    std::string name = {};
    torch::Tensor value = {}, first = {}, second = {};
  };
  struct RowGradient {
    Slot* slot = nullptr;
    torch::Tensor rows = {}, gradient = {};  // distinct rows and the sums of their gradients
  };
  std::vector<RowGradient> collect_rows(std::span<const TableUse> uses);
  void update(Slot& slot, const torch::Tensor& gradient, double rate) const;
  void update_rows(const RowGradient& rows, double rate) const;
  AdamStep adam(double rate, double decay) const;  // decay: what the weights shrink by

  std::vector<Slot> slots_, tables_;
  OptimizerKind kind_;
  double decay_, beta1_, beta2_, epsilon_, clip_norm_;
  std::uint64_t steps_ = 0;
};

}  // namespace weft::gnn
