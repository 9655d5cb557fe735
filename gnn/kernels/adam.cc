#include "gnn/kernels/adam.h"

#include <cmath>

#include "base/error.h"
#include "base/instructions.h"

namespace weft::gnn {

namespace {

[[gnu::always_inline]] inline void update(const AdamStep& step, const float* __restrict gradient,
                                          float* __restrict parameters, float* __restrict mean,
                                          float* __restrict variance, std::size_t n) {
  const float beta1 = step.beta1;
  const float beta2 = step.beta2;
  for (std::size_t i = 0; i < n; ++i) {
    const float g = gradient[i] + step.decay * parameters[i];
    const float m = beta1 * mean[i] + (1 - beta1) * g;
    const float v = beta2 * variance[i] + (1 - beta2) * g * g;
    mean[i] = m;
    variance[i] = v;
    parameters[i] = step.shrink * parameters[i] -
                    step.step_size * (m / (__builtin_sqrtf(v) * step.root_scale + step.epsilon));
  }
}

// No errno from sqrt: it would keep the loop from being vectorised.
#ifndef __clang__
#pragma GCC push_options
#pragma GCC optimize("no-math-errno")
#endif
void update_generic(const AdamStep& step, const float* g, float* p, float* m, float* v, std::size_t n) {
  update(step, g, p, m, v, n);
}
WEFT_TARGET_AVX2 void update_avx2(const AdamStep& step, const float* g, float* p, float* m, float* v,
                                  std::size_t n) {
  update(step, g, p, m, v, n);
}
WEFT_TARGET_AVX512 void update_avx512(const AdamStep& step, const float* g, float* p, float* m, float* v,
                                      std::size_t n) {
  update(step, g, p, m, v, n);
}
#ifndef __clang__
#pragma GCC pop_options
#endif

}  // namespace

AdamStep::AdamStep(const AdamOptions& options, std::uint64_t step)
    : beta1(static_cast<float>(options.beta1)),
      beta2(static_cast<float>(options.beta2)),
      step_size(static_cast<float>(options.learning_rate /
                                   (1 - std::pow(options.beta1, static_cast<double>(step))))),
      root_scale(static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, static_cast<double>(step))))),
      epsilon(static_cast<float>(options.epsilon)),
      decay(static_cast<float>(options.decay)),
      shrink(static_cast<float>(1 - options.learning_rate * options.apart_decay)) {
  WEFT_CHECK(step > 0);
}

void adam_update(const AdamStep& step, std::span<const float> gradient, std::span<float> parameters,
                 std::span<float> mean, std::span<float> variance) {
  const std::size_t n = gradient.size();
  WEFT_CHECK(parameters.size() == n && mean.size() == n && variance.size() == n);
  static const auto run = choose(update_generic, update_avx2, update_avx512);
  run(step, gradient.data(), parameters.data(), mean.data(), variance.data(), n);
}

void adam_update_rows(const AdamStep& step, std::span<const std::uint32_t> rows, std::size_t dim,
                      std::span<const float> gradient, std::span<float> parameters, std::span<float> mean,
                      std::span<float> variance) {
  WEFT_CHECK(gradient.size() == rows.size() * dim);
  WEFT_CHECK(parameters.size() == mean.size() && parameters.size() == variance.size());
  static const auto run = choose(update_generic, update_avx2, update_avx512);
  constexpr std::size_t kAhead = 4;
  constexpr std::size_t kLine = 16;  // floats a cache line
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + kAhead < rows.size()) {
      const std::size_t next = std::size_t{rows[i + kAhead]} * dim;
      for (std::size_t d = 0; d < dim; d += kLine) {
        __builtin_prefetch(parameters.data() + next + d, 1);
        __builtin_prefetch(mean.data() + next + d, 1);
        __builtin_prefetch(variance.data() + next + d, 1);
      }
    }
    const std::size_t at = std::size_t{rows[i]} * dim;
    run(step, gradient.data() + i * dim, parameters.data() + at, mean.data() + at, variance.data() + at, dim);
  }
}

}  // namespace weft::gnn
