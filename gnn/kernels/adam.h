// Adam (Kingma and Ba 2015) over a run of float32 parameters, with the arithmetic of torch.optim.Adam.
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
};

// The factors of one step, the same for all parameters. `step` counts from 1.
struct AdamStep {
  AdamStep(const AdamOptions& options, std::uint64_t step);
  float beta1, beta2;
  float step_size;   // learning rate / (1 - beta1^step)
  float root_scale;  // 1 / sqrt(1 - beta2^step)
  float epsilon;
};

// All of one length. Updates parameters and both moments. Element by element: the cut into runs does not
// matter.
void adam_update(const AdamStep& step, std::span<const float> gradient, std::span<float> parameters,
                 std::span<float> mean, std::span<float> variance);

}  // namespace weft::gnn
