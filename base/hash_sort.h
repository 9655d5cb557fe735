// Sorts records by keys that are hashes, so spread evenly over all 64-bit numbers: two passes of counting,
// then a few moves within each handful. Evenly spread keys make it fast; any keys are sorted right.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/insertion_sort.h"
#include "base/thread_pool.h"

namespace weft {

namespace hash_sort {

constexpr std::size_t kHandful = 4;  // records that share their key's first bits, about
constexpr int kFirstBits = 8, kMostBits = 16;

// Records whose keys share their first kFirstBits, from [from, to) to `out`.
template <typename Record, typename Key>
void sort_part(const Record* from, const Record* to, Record* out, const Key& key) {
  const auto count = static_cast<std::size_t>(to - from);
  const int bits = std::min(static_cast<int>(std::bit_width(count / kHandful)), kMostBits);
  if (bits == 0) {
    std::copy(from, to, out);
    return sort_few(out, out + count);
  }
  const auto part = [&](const Record& record) { return key(record) << kFirstBits >> (64 - bits); };
  std::vector<std::uint32_t> begin((std::size_t{1} << bits) + 1, 0);
  for (const Record* record = from; record < to; ++record) ++begin[part(*record) + 1];
  for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
  std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
  for (const Record* record = from; record < to; ++record) out[next[part(*record)]++] = *record;
  for (std::size_t i = 0; i + 1 < begin.size(); ++i) sort_few(out + begin[i], out + begin[i + 1]);
}

}  // namespace hash_sort

// Ascending by operator<, whose first criterion must be key(record), a std::uint64_t. Less than 2^32 records.
// Takes as much memory again. With a pool, its threads share the work (not to be called from one of them
// then). Not stable.
template <typename Record, typename Key>
void sort_by_hash(std::vector<Record>& records, ThreadPool* pool, const Key& key) {
  constexpr std::size_t kParts = std::size_t{1} << hash_sort::kFirstBits;
  const auto part = [&](const Record& record) { return key(record) >> (64 - hash_sort::kFirstBits); };
  std::vector<std::size_t> begin(kParts + 1, 0);
  for (const Record& record : records) ++begin[part(record) + 1];
  for (std::size_t i = 1; i <= kParts; ++i) begin[i] += begin[i - 1];
  std::vector<Record> cut(records.size());
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  for (const Record& record : records) cut[next[part(record)]++] = record;
  const auto sort_parts = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      hash_sort::sort_part(cut.data() + begin[i], cut.data() + begin[i + 1], records.data() + begin[i], key);
    }
  };
  if (pool == nullptr) return sort_parts(0, kParts);
  pool->parallel_for(kParts, 8, sort_parts);
}

}  // namespace weft
