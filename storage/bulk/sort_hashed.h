// Sorts records by a hash, on all threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/thread_pool.h"

namespace weft::storage {

// Cuts by the hash's highest byte, sorts each part. byte(record) is that byte; the records' order must begin
// with it.
template <typename Record, typename Byte>
std::vector<Record> sort_hashed(std::vector<Record> records, ThreadPool& pool, Byte&& byte) {
  constexpr std::size_t kBuckets = 256;
  std::vector<std::size_t> begin(kBuckets + 1, 0);
  for (const Record& record : records) ++begin[byte(record) + std::size_t{1}];
  for (std::size_t i = 1; i <= kBuckets; ++i) begin[i] += begin[i - 1];
  std::vector<Record> sorted(records.size());
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  for (const Record& record : records) sorted[next[byte(record)]++] = record;
  pool.parallel_for(kBuckets, 8, [&](std::size_t from, std::size_t to) {
    for (std::size_t bucket = from; bucket < to; ++bucket) {
      std::sort(sorted.begin() + static_cast<std::ptrdiff_t>(begin[bucket]),
                sorted.begin() + static_cast<std::ptrdiff_t>(begin[bucket + 1]));
    }
  });
  return sorted;
}

}  // namespace weft::storage
