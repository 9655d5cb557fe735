// Every random choice of the samplers, in integer arithmetic that gives the same bits on hosts and devices.
//
// A draw is one 32-bit word of Philox4x32-10:
//   key     = (seed mixed to 32 bits, step)
//   counter = (node, purpose << 24 | relation << 8 | hop, draw / 4, root),   word draw % 4 of the block
// `root` is 0 for a shared frontier and the root key of the tree for disjoint trees. So a pick depends on
// these numbers alone: never on threads, batch order, batch size or device.
//
// Laws, over the first n edges of a row (those before the time bound):
//   uniform      n <= k: all, in row order. Else Floyd's k of n without replacement, in the order in which
//   Floyd's algorithm adds
//                them: step i (0 .. k - 1) draws t from [0, n - k + i] with draw i; it adds t, or n - k + i
//                if t was added before.
//   most recent  the last min(k, n), newest first.
// Weighted picks and picks with replacement: sampling/weighted_picks.h.
// Bentley, Floyd: "Programming pearls: a sample of brilliance" (CACM 30(9), 1987).
#pragma once

#include <cstdint>

#include "sampling/philox.h"

namespace weft::sampling {

// What a stream of draws is for. Values are part of the counter: never renumber.
enum class Purpose : std::uint32_t {
  kNeighbours = 1,         // a row's picks
  kNeighboursAllowed = 2,  // a row's picks among the allowed edges, after the first picks hit an excluded one
  kNegatives = 3,          // proposals of negatives
  kNegativesExact = 4,     // exact selection after too many rejected proposals
  kNeighboursExact = 5,    // a row's weighted picks from the weight that is left (sampling/weighted_picks.h)
  kLabor = 6,              // a node's draw that all rows share (PickLaw::kLabor)
  kWalk = 7,               // steps of random walks (sampling/random_walk.h)
  kWalkExact = 8,          // steps of node2vec walks after too many rejected proposals
};

// The 64-bit seed, all bits of which matter, and the step.
WEFT_HOST_DEVICE inline PhiloxKey pick_key(std::uint64_t seed, std::uint32_t step) {
  seed ^= seed >> 30;  // the finaliser of SplitMix64
  seed *= 0xBF58476D1CE4E5B9ull;
  seed ^= seed >> 27;
  seed *= 0x94D049BB133111EBull;
  seed ^= seed >> 31;
  return {static_cast<std::uint32_t>(seed ^ (seed >> 32)), step};
}

// The draws of one row for one purpose.
struct DrawStream {
  PhiloxKey key = {};
  std::uint32_t node = 0;
  std::uint32_t purpose = 0;  // purpose_word
  std::uint32_t root = 0;

  WEFT_HOST_DEVICE PhiloxBlock block(std::uint32_t index) const {
    return philox4x32(key, {{node, purpose, index, root}});
  }
  WEFT_HOST_DEVICE std::uint32_t word(std::uint32_t draw) const { return block(draw / 4).word[draw % 4]; }
};

WEFT_HOST_DEVICE inline std::uint32_t purpose_word(Purpose purpose, std::uint32_t relation,
                                                   std::uint32_t hop) {
  return static_cast<std::uint32_t>(purpose) << 24 | (relation & 0xFFFFu) << 8 | (hop & 0xFFu);
}

// Blocks that settle a rejected draw lie in this half of the block numbers; plain draws stay below 2^31.
inline constexpr std::uint32_t kSecondChance = 0x80000000u;

// High 64 bits of a 64 x 64 bit product.
WEFT_HOST_DEVICE inline std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
#ifdef __CUDA_ARCH__
  return __umul64hi(a, b);
#else
  __extension__ typedef unsigned __int128 Wide;
  return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64);
#endif
}

// A draw from [0, n), n >= 1, given its word: multiply-high with Lemire's rejection, where the second try
// takes 64 fresh bits and is final. Each value's probability is 1/n within a factor 1 +- 2^-64 n^2 / 2^32: no
// loop, and no test can see the rest.
WEFT_HOST_DEVICE inline std::uint32_t bounded(const DrawStream& stream, std::uint32_t draw,
                                              std::uint32_t word, std::uint32_t n) {
  const std::uint64_t product = std::uint64_t{word} * n;
  const std::uint32_t low = static_cast<std::uint32_t>(product);
  if (low < n && low < (0u - n) % n) {
    const PhiloxBlock again = stream.block(kSecondChance | draw);
    return static_cast<std::uint32_t>(multiply_high(std::uint64_t{again.word[0]} << 32 | again.word[1], n));
  }
  return static_cast<std::uint32_t>(product >> 32);
}

// A draw from [0, n), n >= 1, for n beyond 32 bits: takes draws 2 * pair and 2 * pair + 1. As bounded(), with
// 128 fresh bits. bounded64_of: given the first draw as the upper half of `word` and the second as the lower.
WEFT_HOST_DEVICE inline std::uint64_t bounded64_of(const DrawStream& stream, std::uint32_t pair,
                                                   std::uint64_t word, std::uint64_t n) {
  const std::uint64_t low = word * n;
  if (low < n && low < (0ull - n) % n) {
    const PhiloxBlock again = stream.block(kSecondChance | pair);
    const std::uint64_t upper = std::uint64_t{again.word[0]} << 32 | again.word[1];
    const std::uint64_t lower = std::uint64_t{again.word[2]} << 32 | again.word[3];
    const std::uint64_t middle = upper * n;
    const std::uint64_t carry = middle + multiply_high(lower, n) < middle ? 1 : 0;
    return multiply_high(upper, n) + carry;
  }
  return multiply_high(word, n);
}

WEFT_HOST_DEVICE inline std::uint64_t bounded64(const DrawStream& stream, std::uint32_t pair,
                                                std::uint64_t n) {
  const PhiloxBlock block = stream.block(pair / 2);
  const std::uint32_t at = pair % 2 * 2;
  return bounded64_of(stream, pair, std::uint64_t{block.word[at]} << 32 | block.word[at + 1], n);
}

// What Floyd's step i of k of n draws, before it is known whether that was picked already; if it was, the
// pick is n - k + i. Lets all steps draw at once: a pick equals an earlier one's exactly if the candidate
// does, for n - k + i is above all earlier picks.
WEFT_HOST_DEVICE inline std::uint32_t floyd_candidate(const DrawStream& stream, std::uint32_t n,
                                                      std::uint32_t k, std::uint32_t i) {
  const PhiloxBlock block = stream.block(i / 4);
  const std::uint32_t low =
      i % 2 == 0 ? block.word[0] : block.word[1];  // no indexing: devices would spill the block
  const std::uint32_t high = i % 2 == 0 ? block.word[2] : block.word[3];
  return bounded(stream, i, i % 4 < 2 ? low : high, n - k + i + 1);
}

// Floyd's k of n (0 < k < n) into picks [k]. O(k^2) at worst; a 64-bit filter makes the usual cost O(k).
WEFT_HOST_DEVICE inline void floyd_picks(const DrawStream& stream, std::uint32_t n, std::uint32_t k,
                                         std::uint32_t* picks) {
  std::uint64_t filter = 0;  // bit (pick mod 64): clear means not picked yet
  PhiloxBlock block;
  for (std::uint32_t i = 0; i < k; ++i) {
    if (i % 4 == 0) block = stream.block(i / 4);
    const std::uint32_t last = n - k + i;
    std::uint32_t pick = bounded(stream, i, block.word[i % 4], last + 1);
    bool taken = (filter >> (pick & 63u) & 1u) != 0;
    if (taken && n > 64) {
      taken = false;
      for (std::uint32_t j = 0; j < i; ++j) taken |= picks[j] == pick;
    }
    pick = taken ? last : pick;
    filter |= std::uint64_t{1} << (pick & 63u);
    picks[i] = pick;
  }
}

// The number of leading entries of times[0 .. n) (ascending) that are earlier than `before`.
WEFT_HOST_DEVICE inline std::uint32_t count_earlier(const std::int64_t* times, std::uint32_t n,
                                                    std::int64_t before) {
  std::uint32_t low = 0;
  while (n > 0) {
    const std::uint32_t half = n / 2;
    const bool earlier = times[low + half] < before;
    low = earlier ? low + half + 1 : low;
    n = earlier ? n - half - 1 : half;
  }
  return low;
}

}  // namespace weft::sampling
