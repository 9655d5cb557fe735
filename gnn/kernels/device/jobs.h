// What the aggregation kernels of a device are asked for. Plain structures of pointers into the device's
// memory, without an owner; matrices are row-major. The CPU's kernels of the same names (gnn/kernels/*.h) say
// what is computed; results differ from theirs in rounding alone. All are deterministic: a result has the
// same bits on each run, and on the host's form of a device (gnn/kernels/device/kernel_device.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "gnn/kernels/adam.h"
#include "gnn/kernels/device/row_parts.h"

namespace weft::gnn {

// Rows of column numbers, with fewer than 2^32 - 1 edges.
struct DeviceRows {
  std::uint32_t rows = 0;
  const std::uint32_t* offsets = nullptr;  // [rows + 1]
  const std::uint32_t* columns = nullptr;  // [edges]: not checked
  // As of cut_rows; null: no row is cut, a warp takes each whole.
  const RowPart* parts = nullptr;
  const CutRow* cut = nullptr;
  std::uint32_t part_count = 0, cut_count = 0, slots = 0;
};

enum class Storage : std::uint32_t { kFloat, kBFloat16 };

// out[r] = scale[r] * sum_e w_e x_scale[c_e] x[c_e] + add[r] over the edges of row r; null: 1 (weights, both
// scales) and 0 (add). Sums, means (scale: mean_scales), sums with heads, and all their gradients for x (the
// transposed rows, with `positions`).
struct DeviceGather {
  DeviceRows rows = {};
  const float* weights = nullptr;            // [edges, heads]
  const std::uint32_t* positions = nullptr;  // edge e has the weights of row positions[e]; null: of row e
  std::uint32_t heads = 1;                   // parts of a row with weights of their own; divides dim
  const float* x_scale = nullptr;            // [columns]
  const float* scale = nullptr;              // [rows]
  const float* add = nullptr;                // [rows, dim], may be out if that is float
  const void* x = nullptr;                   // [columns, dim]
  void* out = nullptr;                       // [rows, dim]
  std::uint32_t dim = 0;
  Storage x_storage = Storage::kFloat, out_storage = Storage::kFloat;
  float* scratch = nullptr;  // [slots, dim]
  // Gradient of gather_max for x: only the numbers that won count. rows are then the transposed ones, x the
  // gradient of its result, and positions[e] the edge that winners [columns, dim] name.
  const std::uint32_t* winners = nullptr;
};

// out[r, d] = max_e w_e x[c_e, d]; winners as of spmm_max.
struct DeviceGatherMax {
  DeviceRows rows = {};
  const float* weights = nullptr;  // [edges]
  const float* x = nullptr;
  float* out = nullptr;
  std::uint32_t* winners = nullptr;
  std::uint32_t dim = 0;
  float* scratch = nullptr;                 // [slots, dim]
  std::uint32_t* winner_scratch = nullptr;  // [slots, dim]
};

// Gradients of weights: out[e, h] = scale[r] * (dot over head h of x[c_e] and grad[r], minus that of
// result[r] and grad[r]) for the edges e of row r. Null scale: 1; null result: no second dot. With winners
// [rows, dim] (of gather_max) only the numbers that edge e won count; heads = 1.
struct DeviceEdgeDots {
  DeviceRows rows = {};
  const float* x = nullptr;       // [columns, dim]
  const float* grad = nullptr;    // [rows, dim]
  const float* result = nullptr;  // [rows, dim]
  const float* scale = nullptr;   // [rows]
  const std::uint32_t* winners = nullptr;
  float* out = nullptr;  // [edges, heads]
  std::uint32_t dim = 0, heads = 1;
};

// As segment_softmax and, with grad, segment_softmax_grad (values: the softmax).
struct DeviceSoftmax {
  DeviceRows rows = {};           // columns are not used
  const float* values = nullptr;  // [edges, heads]
  const float* grad = nullptr;    // null: forward
  float* out = nullptr;           // [edges, heads]; may be values (forward) or grad
  std::uint32_t heads = 1;
  float* scratch = nullptr;  // [slots, 2 heads], then [cut rows, 2 heads]
};

// As adam_update (rows null: `count` numbers) and adam_update_rows (`count` rows of dim).
struct DeviceAdam {
  AdamStep step;
  const std::uint32_t* rows = nullptr;
  std::size_t count = 0;
  std::uint32_t dim = 1;
  const float* gradient = nullptr;
  float* parameters = nullptr;
  float* mean = nullptr;
  float* variance = nullptr;
};

// As concat_rows: rows of typed tables side by side.
inline constexpr std::uint32_t kColdRow = 0xFFFFFFFFu;
struct DeviceRowBlock {
  const float* values = nullptr;  // may lie in pinned host memory
  std::uint32_t dim = 0;
  std::uint32_t by_id = 1;
  float scale = 1;
  const float* weights = nullptr;
  std::uint32_t weight_stride = 1;
  // Copies of some of the table's rows that are nearer (gnn/kernels/device/hot_rows.h): row r of it is row
  // hot_slots[r] of `hot` [.., dim] where that is not kColdRow. Null: none.
  const float* hot = nullptr;
  const std::uint32_t* hot_slots = nullptr;
};
struct DeviceConcat {
  const DeviceRowBlock* blocks = nullptr;  // in the device's memory
  std::uint32_t block_count = 0;
  const std::uint32_t* ids = nullptr;  // [rows]
  std::uint32_t rows = 0;
  float* out = nullptr;  // [rows, width]
  std::uint32_t width = 0;
};

// One product of a grouped linear layer: out [rows, columns] = x [rows, inner] w [inner, columns].
struct DeviceProduct {
  const float* x = nullptr;
  const float* w = nullptr;
  float* out = nullptr;
  std::uint32_t rows = 0, inner = 0, columns = 0;
};

}  // namespace weft::gnn
