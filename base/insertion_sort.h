// Sorts few items faster than std::sort does, whose calls and choices cost more than so few moves.
#pragma once

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

}  // namespace weft
