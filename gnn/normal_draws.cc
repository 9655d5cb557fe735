#include "gnn/normal_draws.h"

#include <cmath>
#include <numbers>

#include "sampling/philox.h"

namespace weft::gnn {

// By Box and Muller.
void fill_normal(std::span<float> values, double deviation, std::uint64_t seed, std::uint32_t purpose) {
  const sampling::PhiloxKey key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  for (std::size_t i = 0; i < values.size(); i += 4) {
    const auto index = static_cast<std::uint64_t>(i / 4);
    const auto bits = sampling::philox4x32(
        key, {{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), purpose, 0}});
    for (std::size_t pair = 0; pair < 2; ++pair) {
      const double u = (bits.word[2 * pair] + 0.5) / 4294967296.0;
      const double angle = 2 * std::numbers::pi * bits.word[2 * pair + 1] / 4294967296.0;
      const double radius = deviation * std::sqrt(-2 * std::log(u));
      if (i + 2 * pair < values.size()) values[i + 2 * pair] = static_cast<float>(radius * std::cos(angle));
      if (i + 2 * pair + 1 < values.size())
        values[i + 2 * pair + 1] = static_cast<float>(radius * std::sin(angle));
    }
  }
}

}  // namespace weft::gnn
