// Looks for the edges of many weights in many rows at once: edge_at_weight (sampling/weighted_picks.h) with
// the rows' cache misses overlapped: short rows by counting, with wide instructions where the processor has
// them, else by halving; longer ones by interpolation (and halving where that lands wide).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sampling/floyd_rows.h"

namespace weft::sampling {

// Rows longer than this are looked through by interpolation.
inline constexpr std::uint32_t kInterpolatedRow = 64;

// Weights of rows, each below its row's last sum, and the edges that they lie in.
struct WeightQuestions {
  const std::uint64_t* sums = nullptr;  // of the whole relation, 64-byte aligned; a row's begin at its start
  std::span<const FloydRow> rows = {};
  std::uint32_t each = 0;                  // weights of a row
  const std::uint32_t* asked = nullptr;    // [rows] how many of them are looked for; the others may be
  const std::uint64_t* weights = nullptr;  // [rows, each]
  std::uint32_t* lengths = nullptr;        // [rows] scratch
  std::uint32_t* edges = nullptr;          // [rows, each] counted from the row's start
};

// Of a row that is looked through whole: all of its sums.
inline void prefetch_short_row(const std::uint64_t* sums, std::uint32_t n) {
  if (n > kInterpolatedRow) return;
  for (std::uint32_t p = 0; p < n; p += 8) __builtin_prefetch(sums + p);
}

// Guesses of the edges in the longer rows, and prefetches what is read first around them.
void guess_weights(const WeightQuestions& questions);
// The edges, after guess_weights of the same questions.
void search_weights(const WeightQuestions& questions);

namespace internal {
// Both, one level by name, for tests; false if this processor lacks it.
bool search_weights_with(const std::string& instructions, const WeightQuestions& questions);
}  // namespace internal

}  // namespace weft::sampling
