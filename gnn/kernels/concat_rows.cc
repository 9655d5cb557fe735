#include "gnn/kernels/concat_rows.h"

#include <algorithm>

#include "base/error.h"

namespace weft::gnn {
namespace {

constexpr std::size_t kAhead = 4;    // rows that are fetched before they are needed
constexpr std::size_t kGrain = 256;  // rows a chunk of a thread's work
constexpr std::size_t kLine = 16;    // floats a cache line

const float* row_of(const RowBlock& block, std::span<const std::uint32_t> ids, std::size_t i) {
  return block.values + (block.by_id ? ids[i] : i) * block.dim;
}

void concat(std::span<const RowBlock> blocks, std::span<const std::uint32_t> ids, float* out,
            std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    for (const RowBlock& block : blocks) {
      if (i + kAhead < end) {
        const float* next = row_of(block, ids, i + kAhead);
        for (std::size_t d = 0; d < block.dim; d += kLine) __builtin_prefetch(next + d);
      }
      const float weight =
          block.scale * (block.weights == nullptr ? 1.0F : block.weights[i * block.weight_stride]);
      if (weight == 0) {
        std::fill_n(out, block.dim, 0.0F);
      } else {
        const float* const row = row_of(block, ids, i);
        for (std::size_t d = 0; d < block.dim; ++d) out[d] = weight * row[d];
      }
      out += block.dim;
    }
  }
}

}  // namespace

void concat_rows(std::span<const RowBlock> blocks, std::span<const std::uint32_t> ids, std::span<float> out,
                 ThreadPool* pool) {
  std::size_t width = 0;
  for (const RowBlock& block : blocks) width += block.dim;
  WEFT_CHECK(out.size() == ids.size() * width);
  if (pool == nullptr || ids.size() <= kGrain) {
    concat(blocks, ids, out.data(), 0, ids.size());
    return;
  }
  pool->parallel_for(ids.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    concat(blocks, ids, out.data() + begin * width, begin, end);
  });
}

}  // namespace weft::gnn
