#include "gnn/kernels/adam.h"

#include <cmath>
#include <string_view>

#include "base/error.h"
#include "gnn/kernels/gather.h"

namespace weft::gnn {

namespace {

[[gnu::always_inline]] inline void update(const AdamStep& step, const float* __restrict gradient,
                                          float* __restrict parameters, float* __restrict mean,
                                          float* __restrict variance, std::size_t n) {
  const float beta1 = step.beta1;
  const float beta2 = step.beta2;
  for (std::size_t i = 0; i < n; ++i) {
    const float g = gradient[i];
    const float m = beta1 * mean[i] + (1 - beta1) * g;
    const float v = beta2 * variance[i] + (1 - beta2) * g * g;
    mean[i] = m;
    variance[i] = v;
    parameters[i] -= step.step_size * (m / (__builtin_sqrtf(v) * step.root_scale + step.epsilon));
  }
}

// No errno from sqrt: it would keep the loop from being vectorised.
#pragma GCC push_options
#pragma GCC optimize("no-math-errno")
void update_generic(const AdamStep& step, const float* g, float* p, float* m, float* v, std::size_t n) {
  update(step, g, p, m, v, n);
}
#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void update_avx2(const AdamStep& step, const float* g, float* p, float* m,
                                                     float* v, std::size_t n) {
  update(step, g, p, m, v, n);
}
__attribute__((target("avx512f,prefer-vector-width=512"))) void update_avx512(const AdamStep& step,
                                                                              const float* g, float* p,
                                                                              float* m, float* v,
                                                                              std::size_t n) {
  update(step, g, p, m, v, n);
}
#endif
#pragma GCC pop_options

using UpdateFunction = void (*)(const AdamStep&, const float*, float*, float*, float*, std::size_t);

UpdateFunction update_function() {
#if defined(__x86_64__)
  const std::string_view name = vector_instructions();
  if (name == "avx512") return update_avx512;
  if (name == "avx2") return update_avx2;
#endif
  return update_generic;
}

}  // namespace

AdamStep::AdamStep(const AdamOptions& options, std::uint64_t step)
    : beta1(static_cast<float>(options.beta1)),
      beta2(static_cast<float>(options.beta2)),
      step_size(static_cast<float>(options.learning_rate /
                                   (1 - std::pow(options.beta1, static_cast<double>(step))))),
      root_scale(static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, static_cast<double>(step))))),
      epsilon(static_cast<float>(options.epsilon)) {
  WEFT_CHECK(step > 0);
}

void adam_update(const AdamStep& step, std::span<const float> gradient, std::span<float> parameters,
                 std::span<float> mean, std::span<float> variance) {
  const std::size_t n = gradient.size();
  WEFT_CHECK(parameters.size() == n && mean.size() == n && variance.size() == n);
  static const UpdateFunction run = update_function();
  run(step, gradient.data(), parameters.data(), mean.data(), variance.data(), n);
}

}  // namespace weft::gnn
