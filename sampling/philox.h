// Philox4x32-10, a counter-based random number generator: 128 random bits that are a pure function of a
// counter and a key, the same on every host and device. Salmon, Moraes, Dror, Shaw: "Parallel random numbers:
// as easy as 1, 2, 3" (SC 2011).
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define WEFT_HOST_DEVICE __host__ __device__
#else
#define WEFT_HOST_DEVICE
#endif

namespace weft::sampling {

struct PhiloxKey {
  std::uint32_t k0 = 0;
  std::uint32_t k1 = 0;
};

// As a counter: the four counter words. As a result: four independent uniform words.
struct PhiloxBlock {
  std::uint32_t word[4] = {0, 0, 0, 0};
};

WEFT_HOST_DEVICE inline PhiloxBlock philox4x32(PhiloxKey key, PhiloxBlock counter) {
  std::uint32_t c0 = counter.word[0];
  std::uint32_t c1 = counter.word[1];
  std::uint32_t c2 = counter.word[2];
  std::uint32_t c3 = counter.word[3];
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * c0;
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ key.k0;
    c1 = static_cast<std::uint32_t>(product1);
    c2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ key.k1;
    c3 = static_cast<std::uint32_t>(product0);
    key.k0 += 0x9E3779B9u;  // golden ratio
    key.k1 += 0xBB67AE85u;  // sqrt(3) - 1
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace weft::sampling
