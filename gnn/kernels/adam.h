// Adam (Kingma and Ba 2015) over a run of float32 parameters, or over some rows of a table, with the
// arithmetic of torch.optim.Adam and AdamW; of rows, those of the step alone move, as with SparseAdam.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weft::gnn {

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double decay = 0;        // added to the gradient, times the parameter (Adam's weight_decay)
  double apart_decay = 0;  // parameters shrink by learning_rate x this, beside the gradient (AdamW's)
};

// The factors of one step, the same for all parameters. `step` counts from 1.
struct AdamStep {
  AdamStep(const AdamOptions& options, std::uint64_t step);
  float beta1, beta2;
  float step_size;   // learning rate / (1 - beta1^step)
  float root_scale;  // 1 / sqrt(1 - beta2^step)
  float epsilon;
  float decay;
  float shrink;  // 1 - learning rate x apart_decay
};

// All of one length. Updates parameters and both moments. Element by element: the cut into runs does not
// matter.
void adam_update(const AdamStep& step, std::span<const float> gradient, std::span<float> parameters,
                 std::span<float> mean, std::span<float> variance);

// The same for rows of a table: row i of gradient [rows.size(), dim] belongs to row rows[i] of parameters,
// mean and variance [table rows, dim]. Rows must be distinct and of the table: not checked. Other rows keep
// their parameters and moments.
void adam_update_rows(const AdamStep& step, std::span<const std::uint32_t> rows, std::size_t dim,
                      std::span<const float> gradient, std::span<float> parameters, std::span<float> mean,
                      std::span<float> variance);

}  // namespace weft::gnn
