#include "tools/synth/random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace weft::synth {

Stream::Stream(std::uint64_t seed, Purpose purpose, std::uint64_t index, std::uint64_t part) {
  state_ = mix64(seed + 0x9e3779b97f4a7c15ULL);
  state_ = mix64(state_ ^ (static_cast<std::uint64_t>(purpose) * 0xd6e8feb86659fd93ULL));
  state_ = mix64(state_ + index * 0xa0761d6478bd642fULL);
  state_ = mix64(state_ ^ (part * 0xe7037ed1a0b428dbULL));
}

std::uint64_t Stream::bits() {
  return mix64(state_ += 0x9e3779b97f4a7c15ULL);
}

double Stream::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1.0p-53;
}

double Stream::uniform(double low, double high) {
  return low + (high - low) * uniform();
}

std::size_t Stream::below(std::size_t count) {
  return std::min(static_cast<std::size_t>(uniform() * static_cast<double>(count)), count - 1);
}

bool Stream::chance(double probability) {
  return uniform() < probability;
}

double Stream::normal() {
  const double radius = std::sqrt(2 * exponential());
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

double Stream::exponential() {
  return -std::log(1.0 - uniform());
}

std::size_t Stream::poisson(double mean) {
  WEFT_CHECK(mean >= 0 && mean <= 700);
  const double limit = std::exp(-mean);
  std::size_t count = 0;
  for (double product = uniform(); product > limit; product *= uniform()) ++count;
  return count;
}

std::size_t Stream::by_running_sums(std::span<const double> sums) {
  const double target = uniform() * sums.back();
  const auto found = std::upper_bound(sums.begin(), sums.end(), target);
  return std::min(static_cast<std::size_t>(found - sums.begin()), sums.size() - 1);
}

Permutation::Permutation(std::uint64_t seed, Purpose purpose, std::uint64_t size)
    : key_(Stream(seed, purpose, 0).bits()), size_(size) {
  WEFT_CHECK(size >= 1);
  half_bits_ = static_cast<unsigned>((std::bit_width(size) + 1U) / 2U);
}

std::uint64_t Permutation::operator()(std::uint64_t index) const {
  WEFT_CHECK(index < size_);
  const std::uint64_t mask = (1ULL << half_bits_) - 1;
  do {
    std::uint64_t left = index >> half_bits_, right = index & mask;
    for (std::uint64_t round = 0; round < 4; ++round) {
      const std::uint64_t next = left ^ (mix64(key_ + round * 0x9e3779b97f4a7c15ULL + right) & mask);
      left = right;
      right = next;
    }
    index = (left << half_bits_) | right;
  } while (index >= size_);
  return index;
}

}  // namespace weft::synth
