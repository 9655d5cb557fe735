#include "base/hash_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <compare>
#include <random>
#include <vector>

namespace weft {
namespace {

struct Hashed {
  std::uint64_t hash = 0;
  std::uint32_t at = 0;
  auto operator<=>(const Hashed&) const = default;
};

// `bits`: keys differ in their lowest ones alone (64: hashes), so that all of them may fall into one part.
std::vector<Hashed> records(std::mt19937_64& random, std::size_t count, int bits) {
  std::vector<Hashed> out(count);
  for (std::size_t i = 0; i < count; ++i)
    out[i] = {random() >> (64 - bits), static_cast<std::uint32_t>(random() % 4)};
  return out;
}

TEST(HashSort, SortsAnyKeys) {
  std::mt19937_64 random(1);
  ThreadPool pool(3);
  for (const std::size_t count : {0U, 1U, 2U, 5U, 100U, 1000U, 30000U, 400000U}) {
    for (const int bits : {1, 8, 30, 57, 64}) {
      const std::vector<Hashed> in = records(random, count, bits);
      std::vector<Hashed> expected = in;
      std::sort(expected.begin(), expected.end());
      for (ThreadPool* each : {static_cast<ThreadPool*>(nullptr), &pool}) {
        std::vector<Hashed> out = in;
        sort_by_hash(out, each, [](const Hashed& record) { return record.hash; });
        ASSERT_EQ(out, expected) << count << " records, keys of " << bits << " bits";
      }
    }
  }
}

}  // namespace
}  // namespace weft
