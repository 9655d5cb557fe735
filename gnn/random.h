// Hash-based randomness for what is not a neighbour pick: shuffles, masks and generator seeds named by (seed,
// step, purpose).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace weft::gnn {

// The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection of 64-bit words that mixes all bits.
constexpr std::uint64_t mix64(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

template <typename... Words>
constexpr std::uint64_t mix64(std::uint64_t first, Words... rest) {
  std::uint64_t state = mix64(first);
  ((state = mix64(state ^ static_cast<std::uint64_t>(rest))), ...);
  return state;
}

// What a hash is for; a purpose of its own keeps streams apart.
enum class Purpose : std::uint64_t { kInit = 1, kShuffle, kJitter, kIdDropout, kCold, kMasks };

// In [0, 1).
constexpr double unit_interval(std::uint64_t word) {
  return static_cast<double>(word >> 11) * 0x1.0p-53;
}

// Fisher-Yates in an order that depends on `key` alone.
template <typename T>
void shuffle(std::vector<T>& items, std::uint64_t key) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[mix64(key, i) % i]);
}

}  // namespace weft::gnn
