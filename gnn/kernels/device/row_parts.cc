#include "gnn/kernels/device/row_parts.h"

#include <algorithm>

#include "base/error.h"

namespace weft::gnn {

RowParts cut_rows(std::span<const std::uint32_t> offsets, std::uint32_t longest) {
  WEFT_CHECK(longest > 0);
  RowParts out;
  if (offsets.empty()) return out;
  out.parts.reserve(offsets.size() - 1);
  for (std::uint32_t row = 0; row + 1 < offsets.size(); ++row) {
    const std::uint32_t begin = offsets[row], end = offsets[row + 1];
    WEFT_CHECK(begin <= end);
    if (end - begin <= longest) {
      out.parts.push_back({row, begin, end, kWholeRow});
      continue;
    }
    const std::uint32_t slots = (end - begin - 1) / longest + 1;
    if (slots >= kWholeRow - out.slots) throw Error("too many edges for one matrix on a device");
    out.cut.push_back({row, out.slots, slots});
    for (std::uint32_t i = 0; i < slots; ++i) {
      const std::uint32_t from = begin + i * longest;
      out.parts.push_back({row, from, i + 1 == slots ? end : from + longest, out.slots + i});
    }
    out.slots += slots;
  }
  return out;
}

}  // namespace weft::gnn
