// parallel_for over an optional pool.
#pragma once

#include <cstddef>

#include "base/thread_pool.h"

namespace weft::encoders {

// Runs body(begin, end) over chunks of [0, count) on the pool, or over all at once without one.
template <typename Body>
void for_ranges(ThreadPool* pool, std::size_t count, std::size_t grain, const Body& body) {
  if (pool != nullptr) {
    pool->parallel_for(count, grain, body);
  } else if (count > 0) {
    body(std::size_t{0}, count);
  }
}

}  // namespace weft::encoders
