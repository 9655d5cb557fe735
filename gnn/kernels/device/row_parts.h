// How the rows of a sparse matrix are shared out on a device: a warp each, or, where some rows are very long,
// a warp for each part of a row. Parts of one row are summed in their order, so that results do not depend on
// which warp ran first.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace weft::gnn {

inline constexpr std::uint32_t kWholeRow = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint32_t kPartEdges = 512;  // a row is cut into parts of so many

struct RowPart {
  std::uint32_t row = 0;
  std::uint32_t begin = 0, end = 0;  // edges
  std::uint32_t slot = kWholeRow;    // where the part's share of a cut row lies in the scratch
};

// A row that was cut: its parts have the slots [first_slot, first_slot + slots).
struct CutRow {
  std::uint32_t row = 0;
  std::uint32_t first_slot = 0, slots = 0;
};

struct RowParts {
  std::vector<RowPart> parts = {};  // rows ascend, and the parts of a row
  std::vector<CutRow> cut = {};
  std::uint32_t slots = 0;
};

// Rows of more than `longest` edges are cut. `longest` > 0; offsets [rows + 1], ascending. Throws Error past
// 2^32 - 2 parts.
RowParts cut_rows(std::span<const std::uint32_t> offsets, std::uint32_t longest = kPartEdges);

}  // namespace weft::gnn
