// Rows of several tables side by side, each scaled: the input of one product where there would be many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/thread_pool.h"

namespace weft::gnn {

// One table's share of the columns. Does not own its memory.
struct RowBlock {
  const float* values = nullptr;  // [table rows, dim]
  std::size_t dim = 0;
  bool by_id = true;  // row ids[i] of the table goes to row i; false: row i
  float scale = 1;
  const float* weights = nullptr;  // of row i: weights[i * weight_stride]; null: 1
  std::size_t weight_stride = 1;
};

// out [ids.size(), sum of dims], row i = the blocks' rows, times scale and weight, one after another. A row
// of weight 0 is zero whatever the table holds. Ids must be rows of the tables: not checked. Every row is
// written by one thread. `pool` may be null.
void concat_rows(std::span<const RowBlock> blocks, std::span<const std::uint32_t> ids, std::span<float> out,
                 ThreadPool* pool);

}  // namespace weft::gnn
