#include "gnn/kernels/bfloat16.h"

#include <cstddef>

#include "base/error.h"
#include "base/instructions.h"

namespace weft::gnn {
namespace {

// Without a jump, so that the compiler can use vectors.
[[gnu::always_inline]] inline void narrow(const float* values, BFloat16* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    const std::uint32_t rounded = (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16;
    const std::uint32_t nan = bits >> 16 | 0x40U;
    out[i].bits = static_cast<std::uint16_t>((bits & 0x7FFFFFFFU) > 0x7F800000U ? nan : rounded);
  }
}
[[gnu::always_inline]] inline void widen(const BFloat16* values, float* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = std::bit_cast<float>(std::uint32_t{values[i].bits} << 16);
}

void narrow_generic(const float* values, BFloat16* out, std::size_t n) {
  narrow(values, out, n);
}
WEFT_TARGET_AVX2 void narrow_avx2(const float* values, BFloat16* out, std::size_t n) {
  narrow(values, out, n);
}
WEFT_TARGET_AVX512 void narrow_avx512(const float* values, BFloat16* out, std::size_t n) {
  narrow(values, out, n);
}
void widen_generic(const BFloat16* values, float* out, std::size_t n) {
  widen(values, out, n);
}
WEFT_TARGET_AVX2 void widen_avx2(const BFloat16* values, float* out, std::size_t n) {
  widen(values, out, n);
}
WEFT_TARGET_AVX512 void widen_avx512(const BFloat16* values, float* out, std::size_t n) {
  widen(values, out, n);
}

}  // namespace

void to_bfloat16(std::span<const float> values, std::span<BFloat16> out) {
  WEFT_CHECK(values.size() == out.size());
  choose(narrow_generic, narrow_avx2, narrow_avx512)(values.data(), out.data(), values.size());
}

void to_float(std::span<const BFloat16> values, std::span<float> out) {
  WEFT_CHECK(values.size() == out.size());
  choose(widen_generic, widen_avx2, widen_avx512)(values.data(), out.data(), values.size());
}

}  // namespace weft::gnn
