#include "gnn/kernels/relu.h"

#include <cstddef>

#include "base/error.h"
#include "base/instructions.h"
#include "gnn/kernels/vectors.h"

namespace weft::gnn {
namespace {

// Without branches, so that the compiler makes vectors of it.
[[gnu::always_inline]] inline void relu_plain(float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] = values[i] > 0 ? values[i] : 0.0F;
}
[[gnu::always_inline]] inline void gradient_plain(const float* grad, const float* made, float* out,
                                                  std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const float given = grad[i];
    out[i] = made[i] > 0 ? given : 0.0F;
  }
}

void relu_generic(float* values, std::size_t count) {
  relu_plain(values, count);
}
WEFT_TARGET_AVX2 void relu_avx2(float* values, std::size_t count) {
  relu_plain(values, count);
}
WEFT_TARGET_AVX512 void relu_avx512(float* values, std::size_t count) {
  relu_plain(values, count);
}
void gradient_generic(const float* grad, const float* made, float* out, std::size_t count) {
  gradient_plain(grad, made, out, count);
}
WEFT_TARGET_AVX2 void gradient_avx2(const float* grad, const float* made, float* out, std::size_t count) {
  gradient_plain(grad, made, out, count);
}
WEFT_TARGET_AVX512 void gradient_avx512(const float* grad, const float* made, float* out, std::size_t count) {
  gradient_plain(grad, made, out, count);
}

}  // namespace

void relu(std::span<float> values) {
  static const auto level = choose(relu_generic, relu_avx2, relu_avx512);
  level(values.data(), values.size());
}

void relu_gradient(std::span<const float> grad, std::span<const float> made, std::span<float> out) {
  WEFT_CHECK(grad.size() == out.size() && made.size() == out.size());
  static const auto level = choose(gradient_generic, gradient_avx2, gradient_avx512);
  level(grad.data(), made.data(), out.data(), out.size());
}

}  // namespace weft::gnn
