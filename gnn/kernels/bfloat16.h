// bfloat16 as a way to store numbers: the upper half of a float32. Arithmetic is in float32; on the way back
// to storage values are rounded to the nearest, ties to even, and a NaN stays one.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace weft::gnn {

struct BFloat16 {
  std::uint16_t bits = 0;
  bool operator==(const BFloat16&) const = default;
};

inline float to_float(BFloat16 value) {
  return std::bit_cast<float>(std::uint32_t{value.bits} << 16);
}
inline float to_float(float value) {
  return value;
}

inline BFloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return {static_cast<std::uint16_t>(bits >> 16 | 0x40U)};  // NaN
  return {static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16)};
}

// Of one length.
void to_bfloat16(std::span<const float> values, std::span<BFloat16> out);
void to_float(std::span<const BFloat16> values, std::span<float> out);

}  // namespace weft::gnn
