// Looks for the edges of many weights in many rows at once: edge_at_weight (sampling/weighted_picks.h) with
// the rows' cache misses overlapped: short rows by counting, with wide instructions where the processor has
// them, longer ones by halving, and long ones by interpolation (and halving where that lands wide).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sampling/floyd_rows.h"

namespace weft::sampling {

// Rows longer than this are looked through by interpolation.
inline constexpr std::uint32_t kInterpolatedRow = 256;

// For each row, `each` weights below its last sum: weights [rows, each] -> edges [rows, each], counted from
// the row's start. sums: of the whole relation; a row's begin at its start. lengths [rows] is scratch.
void search_weights(const std::uint64_t* sums, std::span<const FloydRow> rows, std::uint32_t each,
                    const std::uint64_t* weights, std::uint32_t* lengths, std::uint32_t* edges);

namespace internal {
// One level by name, for tests; false if this processor lacks it.
bool search_weights_with(const std::string& instructions, const std::uint64_t* sums,
                         std::span<const FloydRow> rows, std::uint32_t each, const std::uint64_t* weights,
                         std::uint32_t* lengths, std::uint32_t* edges);
}  // namespace internal

}  // namespace weft::sampling
