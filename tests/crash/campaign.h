// How large the campaigns of tests/crash are and how long they may take, as the environment says.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/store_options.h"

namespace weft::storage {

// For stores that are opened thousands of times: RocksDB reserves and clears as much for each of its families
// as they may grow to.
inline constexpr StoreOptions kSmallStore{.write_buffer_bytes = std::size_t{1} << 20};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise);
std::string_view text_from_environment(const char* name);  // empty: not set

// WEFT_MINUTES: how long the program may take in all. Each test gets an equal share of what those before it
// left; without it there is no limit. A test that meets its limit reports what it did until then, and that
// it was stopped (the property "stopped").
class TimeLimit {
 public:
  TimeLimit();                               // of the test that is running
  bool over();                               // the test must stop
  bool stopped() const { return stopped_; }  // over() was so at some time

 private:
  std::chrono::steady_clock::time_point end_;
  bool stopped_ = false;
};

// 0 to below `count`, so that any first part of them is spread evenly over all: every `step`-th, then the
// ones after those, and so on.
std::vector<std::size_t> spread(std::size_t count, std::size_t step);

}  // namespace weft::storage
