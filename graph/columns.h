// Read-only columns of node fields, as views over a snapshot's files.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "graph/ids.h"

namespace weft::graph {

// Strings end to end. An empty string is a missing one.
struct StringColumn {
  std::span<const std::uint64_t> offsets = {};  // [rows + 1]
  std::string_view bytes = {};
  std::size_t rows() const { return offsets.empty() ? 0 : offsets.size() - 1; }
  std::string_view operator[](std::size_t row) const {
    return bytes.substr(offsets[row], offsets[row + 1] - offsets[row]);
  }
};

// One double a row; NaN is missing.
using NumberColumn = std::span<const double>;

// Zero or more codes a row into a dictionary that is sorted by bytes.
struct CategoryColumn {
  std::span<const std::uint64_t> offsets = {};  // [rows + 1]
  std::span<const std::uint32_t> codes = {};
  StringColumn dictionary = {};
  std::span<const std::uint32_t> operator[](std::size_t row) const {
    return codes.subspan(offsets[row], offsets[row + 1] - offsets[row]);
  }
};

// Path below the data root, and the content's xxh3-128 in hexadecimal (empty: missing when ingested).
struct MediaColumn {
  StringColumn paths = {};
  StringColumn content_hashes = {};
};

}  // namespace weft::graph
