// Sorts few items faster than std::sort does, whose calls and choices cost more than so few moves.
#pragma once

#include <algorithm>
#include <cstddef>

namespace weft {

// Stable; for a dozen items or two, in time of their square.
template <typename T>
void insertion_sort(T* begin, T* end) {
  for (T* at = begin + 1; at < end; ++at) {
    const T item = *at;
    T* hole = at;
    for (; hole > begin && item < hole[-1]; --hole) *hole = hole[-1];
    *hole = item;
  }
}

// What a pass of counting leaves to be sorted: most often a handful, but there may be many. Not stable.
template <typename T>
void sort_few(T* begin, T* end) {
  constexpr std::size_t kInsertionSort = 24;  // items
  if (static_cast<std::size_t>(end - begin) > kInsertionSort) {
    std::sort(begin, end);
  } else if (end - begin > 1) {
    insertion_sort(begin, end);
  }
}

}  // namespace weft
