// Random numbers of the synthetic shop. Every entity (an item, a user, a picture) draws from a stream of its
// own, named by (seed, purpose, index), so that what one entity gets depends on no other entity, no thread
// and no order of work.
//
// Streams are splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). The
// standard library's distributions are not used: their output differs between implementations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weft::synth {

enum class Purpose : std::uint64_t {
  kBrand = 1,
  kItem,
  kItemText,
  kPicture,
  kSound,
  kUser,
  kTaste,
  kBrandTaste,
  kVisits,
  kReview,
  kFollows,
  kDirt,
  kUserIds,
  kItemIds,
};

// The finaliser of splitmix64: a bijection of 64-bit words.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

class Stream {
 public:
  Stream(std::uint64_t seed, Purpose purpose, std::uint64_t index, std::uint64_t part = 0);

  std::uint64_t bits();
  double uniform();                         // [0, 1)
  double uniform(double low, double high);  // [low, high)
  std::size_t below(std::size_t count);     // [0, count); count >= 1
  bool chance(double probability);
  double normal();                   // mean 0, deviation 1
  double exponential();              // mean 1
  std::size_t poisson(double mean);  // mean at most 700
  // Index drawn in proportion to the weights (at least one above 0), given as running sums.
  std::size_t by_running_sums(std::span<const double> sums);

 private:
  std::uint64_t state_;
};

// A secret permutation of [0, size): external ids that tell nothing about the index. A Feistel network walked
// until it lands in range, so no table is kept.
class Permutation {
 public:
  Permutation(std::uint64_t seed, Purpose purpose, std::uint64_t size);
  std::uint64_t operator()(std::uint64_t index) const;  // index < size

 private:
  std::uint64_t key_, size_;
  unsigned half_bits_;
};

}  // namespace weft::synth
