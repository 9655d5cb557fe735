// Floyd's picks for many rows at once, with wide instructions where the processor has them. Equal to
// floyd_picks (sampling/picks.h) row by row and bit by bit.
//
// With AVX-512 two rows' Philox blocks go through one set of registers, and 16 steps of a row are settled
// together: a step's pick was taken before exactly if its candidate is an earlier candidate (found by
// conflict detection), or is the replacement n - k + j of an earlier step j that was itself taken.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sampling/picks.h"

namespace weft::sampling {

// A row from which k of `length` edges are picked, 0 < k < length. Its picks, each plus `start`, go to out[at
// .. at + k).
struct FloydRow {
  std::uint32_t node = 0;
  std::uint32_t root = 0;
  std::uint32_t length = 0;
  std::uint32_t start = 0;
  std::uint32_t at = 0;
};

void floyd_rows(PhiloxKey key, std::uint32_t purpose, std::uint32_t k, std::span<const FloydRow> rows,
                std::uint32_t* out);

// The first 16 * tiles words of each row's stream: out [rows, 16 * tiles].
void row_words(PhiloxKey key, std::uint32_t purpose, std::uint32_t tiles, std::span<const FloydRow> rows,
               std::uint32_t* out);

// Which instructions run: "avx512", or "generic" where base/instructions.h has a lower level or the processor
// lacks one of the sets that are needed here.
std::string pick_instructions();

namespace internal {
// One level by name, for tests; false if this processor lacks it.
bool floyd_rows_with(const std::string& instructions, PhiloxKey key, std::uint32_t purpose, std::uint32_t k,
                     std::span<const FloydRow> rows, std::uint32_t* out);
bool row_words_with(const std::string& instructions, PhiloxKey key, std::uint32_t purpose,
                    std::uint32_t tiles, std::span<const FloydRow> rows, std::uint32_t* out);
}  // namespace internal

}  // namespace weft::sampling
