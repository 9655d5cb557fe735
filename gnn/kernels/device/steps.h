// The arithmetic of the aggregation kernels, lane by lane, compiled for hosts and devices from the same text:
// what a lane adds in which order is said here, so that the host's form of a device (kernel_device.cc) gives
// the same bits. A multiply-add rounds once wherever `fused` stands; the device's compiler is told to fuse
// nothing else.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "gnn/kernels/device/jobs.h"
#include "sampling/philox.h"  // WEFT_HOST_DEVICE

namespace weft::gnn::steps {

inline constexpr std::uint32_t kLanes = 32;
inline constexpr std::uint32_t kNobody =
    0xFFFFFFFFu;  // a winner of nothing: kNoEdge of gnn/kernels/spmm_max.h
inline constexpr float kMinusInfinity = -__builtin_huge_valf();

WEFT_HOST_DEVICE inline float fused(float a, float b, float c) {
#ifdef __CUDA_ARCH__
  return __fmaf_rn(a, b, c);
#else
  return std::fma(a, b, c);
#endif
}

WEFT_HOST_DEVICE inline float from_bits(std::uint32_t bits) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(bits);
#else
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
#endif
}
WEFT_HOST_DEVICE inline std::uint32_t to_bits(float value) {
#ifdef __CUDA_ARCH__
  return __float_as_uint(value);
#else
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
#endif
}

// How a warp's lanes lie over the columns of a row: `across` lanes of `vector` numbers each side by side, and
// so many groups of lanes, which take edges in turn. Wider rows are taken in tiles.
struct Lanes {
  std::uint32_t vector = 1;
  std::uint32_t across = 1;  // a power of two
  WEFT_HOST_DEVICE std::uint32_t groups() const { return kLanes / across; }
  WEFT_HOST_DEVICE std::uint32_t tile() const { return across * vector; }
};
WEFT_HOST_DEVICE inline Lanes lanes_over(std::uint32_t dim, std::uint32_t vector) {
  Lanes lanes{vector, 1};
  while (lanes.across < kLanes && lanes.tile() < dim) lanes.across *= 2;
  return lanes;
}

// Four numbers of x at once where they lie as that needs it and no head cuts them.
inline std::uint32_t vector_of(const DeviceGather& job) {
  const std::size_t bytes = job.x_storage == Storage::kFloat ? sizeof(float) : sizeof(std::uint16_t);
  const bool aligned = reinterpret_cast<std::uintptr_t>(job.x) % (4 * bytes) == 0;
  return aligned && job.dim / job.heads % 4 == 0 ? 4 : 1;
}

// Part i of the rows: given, or row i whole.
WEFT_HOST_DEVICE inline RowPart part_of(const DeviceRows& rows, std::uint32_t i) {
  if (rows.parts != nullptr) return rows.parts[i];
  return {i, rows.offsets[i], rows.offsets[i + 1], kWholeRow};
}
WEFT_HOST_DEVICE inline std::uint32_t part_count(const DeviceRows& rows) {
  return rows.parts != nullptr ? rows.part_count : rows.rows;
}

// `Vector` numbers from `at` on, which begin at a multiple of their size in memory where Vector > 1.
#ifdef __CUDA_ARCH__
inline constexpr bool kVectorLoads = true;
__device__ inline void load_four(const float* at, float* out) {
  const float4 four = *reinterpret_cast<const float4*>(at);
  out[0] = four.x, out[1] = four.y, out[2] = four.z, out[3] = four.w;
}
__device__ inline void load_four(const std::uint16_t* at, float* out) {
  const uint2 two = *reinterpret_cast<const uint2*>(at);
  out[0] = from_bits(two.x << 16), out[1] = from_bits(two.x & 0xFFFF0000u);
  out[2] = from_bits(two.y << 16), out[3] = from_bits(two.y & 0xFFFF0000u);
}
#else
inline constexpr bool kVectorLoads = false;
template <typename In>
void load_four(const In* at, float* out);  // of the device alone
#endif
WEFT_HOST_DEVICE inline float widened(float value) {
  return value;
}
WEFT_HOST_DEVICE inline float widened(std::uint16_t value) {
  return from_bits(std::uint32_t{value} << 16);
}
template <std::uint32_t Vector, typename In>
WEFT_HOST_DEVICE inline void load(const In* at, float* out) {
  if constexpr (Vector == 4 && kVectorLoads) {
    load_four(at, out);
  } else {
    for (std::uint32_t v = 0; v < Vector; ++v) out[v] = widened(at[v]);
  }
}

WEFT_HOST_DEVICE inline void store(float* at, float value) {
  *at = value;
}
// To the nearest, ties to even; a NaN stays one: to_bfloat16 of gnn/kernels/bfloat16.h.
WEFT_HOST_DEVICE inline void store(std::uint16_t* at, float value) {
  const std::uint32_t bits = to_bits(value);
  const bool nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  *at = static_cast<std::uint16_t>(nan ? bits >> 16 | 0x40u : (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

// What group `group` of a warp sums of its columns [column, column + Vector) over a part's edges.
template <std::uint32_t Vector, typename In>
WEFT_HOST_DEVICE inline void gather_part(const DeviceGather& job, const RowPart& part, std::uint32_t group,
                                         std::uint32_t groups, std::uint32_t column, float* sums) {
  for (std::uint32_t v = 0; v < Vector; ++v) sums[v] = 0;
  if (column >= job.dim) return;
  const In* const x = static_cast<const In*>(job.x);
  const std::uint32_t head = column / (job.dim / job.heads);
#ifdef __CUDA_ARCH__
#pragma unroll 4
#endif
  for (std::uint32_t e = part.begin + group; e < part.end; e += groups) {
    const std::uint32_t from = job.rows.columns[e];
    const std::uint32_t position = job.positions != nullptr ? job.positions[e] : e;
    float factor =
        job.weights != nullptr ? job.weights[static_cast<std::size_t>(position) * job.heads + head] : 1.0f;
    if (job.x_scale != nullptr) factor *= job.x_scale[from];
    const std::size_t at = static_cast<std::size_t>(from) * job.dim + column;
    float values[Vector];
    load<Vector>(x + at, values);
    for (std::uint32_t v = 0; v < Vector; ++v) {
      if (job.winners != nullptr && job.winners[at + v] != position) continue;
      sums[v] = fused(factor, values[v], sums[v]);
    }
  }
}

// Stores a row's sum.
template <typename Out>
WEFT_HOST_DEVICE inline void finish_sum(const DeviceGather& job, std::uint32_t row, std::uint32_t column,
                                        float sum) {
  const std::size_t at = static_cast<std::size_t>(row) * job.dim + column;
  const float scale = job.scale != nullptr ? job.scale[row] : 1.0f;
  const float add = job.add != nullptr ? job.add[at] : 0.0f;
  store(static_cast<Out*>(job.out) + at, fused(scale, sum, add));
}

// A cut row's column: its parts' sums, one after another.
template <typename Out>
WEFT_HOST_DEVICE inline void join_sum(const DeviceGather& job, const CutRow& cut, std::uint32_t column) {
  float sum = 0;
  for (std::uint32_t i = 0; i < cut.slots; ++i)
    sum += job.scratch[static_cast<std::size_t>(cut.first_slot + i) * job.dim + column];
  finish_sum<Out>(job, cut.row, column, sum);
}

// The largest so far and the edge it came by. NaN is the largest; among equals the first edge.
struct Largest {
  float value = kMinusInfinity;
  std::uint32_t edge = kNobody;
};
WEFT_HOST_DEVICE inline bool is_nan(float value) {
  return value != value;
}
WEFT_HOST_DEVICE inline bool beats(const Largest& a, const Largest& b) {
  if (a.edge == kNobody || b.edge == kNobody) return a.edge != kNobody;
  if (is_nan(a.value) || is_nan(b.value)) {
    if (is_nan(a.value) && is_nan(b.value)) return a.edge < b.edge;
    return is_nan(a.value);
  }
  return a.value != b.value ? a.value > b.value : a.edge < b.edge;
}

WEFT_HOST_DEVICE inline Largest largest_of_part(const DeviceGatherMax& job, const RowPart& part,
                                                std::uint32_t group, std::uint32_t groups,
                                                std::uint32_t column) {
  Largest best;
  if (column >= job.dim) return best;
  for (std::uint32_t e = part.begin + group; e < part.end; e += groups) {
    const float x = job.x[static_cast<std::size_t>(job.rows.columns[e]) * job.dim + column];
    const Largest here{job.weights != nullptr ? job.weights[e] * x : x, e};
    if (beats(here, best)) best = here;
  }
  return best;
}
WEFT_HOST_DEVICE inline void finish_largest(const DeviceGatherMax& job, std::uint32_t row,
                                            std::uint32_t column, const Largest& best) {
  const std::size_t at = static_cast<std::size_t>(row) * job.dim + column;
  job.out[at] = best.edge == kNobody ? 0.0f : best.value;
  job.winners[at] = best.edge;
}
WEFT_HOST_DEVICE inline void join_largest(const DeviceGatherMax& job, const CutRow& cut,
                                          std::uint32_t column) {
  Largest best;
  for (std::uint32_t i = 0; i < cut.slots; ++i) {
    const std::size_t at = static_cast<std::size_t>(cut.first_slot + i) * job.dim + column;
    const Largest here{job.scratch[at], job.winner_scratch[at]};
    if (beats(here, best)) best = here;
  }
  finish_largest(job, cut.row, column, best);
}

// A lane's share of the dot product of edge e's head: the columns that it has of each tile.
WEFT_HOST_DEVICE inline float edge_dot_share(const DeviceEdgeDots& job, std::uint32_t row, std::uint32_t e,
                                             std::uint32_t head, std::uint32_t lane, std::uint32_t across) {
  const std::uint32_t width = job.dim / job.heads;
  const std::size_t base = static_cast<std::size_t>(row) * job.dim + head * width;
  const std::size_t from = static_cast<std::size_t>(job.rows.columns[e]) * job.dim + head * width;
  float sum = 0;
  for (std::uint32_t d = lane; d < width; d += across) {
    if (job.winners != nullptr && job.winners[base + d] != e) continue;
    const float x = job.result != nullptr ? job.x[from + d] - job.result[base + d] : job.x[from + d];
    sum = fused(x, job.grad[base + d], sum);
  }
  return sum;
}
WEFT_HOST_DEVICE inline void finish_edge_dot(const DeviceEdgeDots& job, std::uint32_t row, std::uint32_t e,
                                             std::uint32_t head, float dot) {
  job.out[static_cast<std::size_t>(e) * job.heads + head] = job.scale != nullptr ? job.scale[row] * dot : dot;
}

// exp for arguments at or below zero: 2^n times a polynomial of degree 6 on the rest (Cephes' coefficients);
// zero below exp(-87).
WEFT_HOST_DEVICE inline float exp_below_zero(float x) {
  if (!(x > -87.0f)) return is_nan(x) ? x : 0.0f;
  const float n = std::floor(fused(x, 1.44269504088896341f, 0.5f));
  float r = fused(n, -0.693359375f, x);
  r = fused(n, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  p = fused(p, r, 1.3981999507e-3f);
  p = fused(p, r, 8.3334519073e-3f);
  p = fused(p, r, 4.1665795894e-2f);
  p = fused(p, r, 1.6666665459e-1f);
  p = fused(p, r, 5.0000001201e-1f);
  p = fused(p, r * r, r) + 1.0f;
  return p * from_bits(static_cast<std::uint32_t>(static_cast<int>(n) + 127) << 23);
}

// A running softmax denominator: the largest score and the sum of exp(score - largest); or, backward, `sum`
// of products alone.
struct RowSum {
  float largest = kMinusInfinity;
  float sum = 0;
};
WEFT_HOST_DEVICE inline RowSum join(const RowSum& a, const RowSum& b) {
  const float largest = a.largest > b.largest ? a.largest : b.largest;
  if (largest == kMinusInfinity) return {largest, a.sum + b.sum};
  return {largest,
          fused(a.sum, exp_below_zero(a.largest - largest), b.sum * exp_below_zero(b.largest - largest))};
}

WEFT_HOST_DEVICE inline RowSum softmax_part(const DeviceSoftmax& job, const RowPart& part,
                                            std::uint32_t group, std::uint32_t groups, std::uint32_t head) {
  RowSum row;
  if (head >= job.heads) return row;
  const auto at = [&](std::uint32_t e) { return static_cast<std::size_t>(e) * job.heads + head; };
  if (job.grad != nullptr) {
    for (std::uint32_t e = part.begin + group; e < part.end; e += groups)
      row.sum = fused(job.values[at(e)], job.grad[at(e)], row.sum);
    return row;
  }
  for (std::uint32_t e = part.begin + group; e < part.end; e += groups) {
    const float score = job.values[at(e)];
    row.largest = score > row.largest || is_nan(score) ? score : row.largest;
  }
  for (std::uint32_t e = part.begin + group; e < part.end; e += groups) {
    const float score = job.values[at(e)];
    if (score != kMinusInfinity) row.sum += exp_below_zero(score - row.largest);
  }
  return row;
}
WEFT_HOST_DEVICE inline void softmax_edge(const DeviceSoftmax& job, std::uint32_t e, std::uint32_t head,
                                          const RowSum& row) {
  const std::size_t at = static_cast<std::size_t>(e) * job.heads + head;
  const float value = job.values[at];
  if (job.grad != nullptr) {
    job.out[at] = value * (job.grad[at] - row.sum);
  } else {
    const bool masked = value == kMinusInfinity || row.sum == 0;
    job.out[at] = masked ? 0.0f : exp_below_zero(value - row.largest) / row.sum;
  }
}
// Where the sums of slot `slot`, and behind all slots those of cut row `cut`, lie.
WEFT_HOST_DEVICE inline float* softmax_slot(const DeviceSoftmax& job, std::uint32_t slot,
                                            std::uint32_t head) {
  return job.scratch + (static_cast<std::size_t>(slot) * job.heads + head) * 2;
}
WEFT_HOST_DEVICE inline void keep_sum(const DeviceSoftmax& job, std::uint32_t slot, std::uint32_t head,
                                      const RowSum& row) {
  float* const at = softmax_slot(job, slot, head);
  at[0] = row.largest;
  at[1] = row.sum;
}
WEFT_HOST_DEVICE inline RowSum kept_sum(const DeviceSoftmax& job, std::uint32_t slot, std::uint32_t head) {
  const float* const at = softmax_slot(job, slot, head);
  return {at[0], at[1]};
}
WEFT_HOST_DEVICE inline RowSum join_row_sums(const DeviceSoftmax& job, const RowSum& a, const RowSum& b) {
  if (job.grad != nullptr) return {a.largest, a.sum + b.sum};
  return join(a, b);
}
WEFT_HOST_DEVICE inline void join_cut_row(const DeviceSoftmax& job, std::uint32_t cut, std::uint32_t head) {
  const CutRow row = job.rows.cut[cut];
  RowSum sum = kept_sum(job, row.first_slot, head);
  for (std::uint32_t i = 1; i < row.slots; ++i)
    sum = join_row_sums(job, sum, kept_sum(job, row.first_slot + i, head));
  keep_sum(job, job.rows.slots + cut, head, sum);
}

// One number's step of Adam, as gnn/kernels/adam.cc.
WEFT_HOST_DEVICE inline void adam_number(const DeviceAdam& job, std::size_t from, std::size_t at) {
  const AdamStep& step = job.step;
  const float g = job.gradient[from] + step.decay * job.parameters[at];
  const float m = step.beta1 * job.mean[at] + (1 - step.beta1) * g;
  const float v = step.beta2 * job.variance[at] + (1 - step.beta2) * g * g;
  job.mean[at] = m;
  job.variance[at] = v;
  const float moved = step.step_size * (m / (std::sqrt(v) * step.root_scale + step.epsilon));
  job.parameters[at] = step.shrink * job.parameters[at] - moved;
}
// Number i of the gradient.
WEFT_HOST_DEVICE inline void adam_at(const DeviceAdam& job, std::size_t i) {
  if (job.rows == nullptr) return adam_number(job, i, i);
  adam_number(job, i, static_cast<std::size_t>(job.rows[i / job.dim]) * job.dim + i % job.dim);
}

// Where a row of a block's table is read.
WEFT_HOST_DEVICE inline const float* table_row(const DeviceRowBlock& block, std::uint32_t row) {
  const std::uint32_t slot = block.hot_slots == nullptr ? kColdRow : block.hot_slots[row];
  return slot == kColdRow ? block.values + static_cast<std::size_t>(row) * block.dim
                          : block.hot + static_cast<std::size_t>(slot) * block.dim;
}

// Row i of a block's columns, from `lane` on in steps of `lanes`.
WEFT_HOST_DEVICE inline void concat_block(const DeviceRowBlock& block, std::uint32_t i, std::uint32_t id,
                                          std::uint32_t lane, std::uint32_t lanes, float* out) {
  const float weight =
      block.weights != nullptr ? block.weights[static_cast<std::size_t>(i) * block.weight_stride] : 1.0f;
  const float factor = block.scale * weight;
  const float* const row = table_row(block, block.by_id != 0 ? id : i);
  for (std::uint32_t d = lane; d < block.dim; d += lanes) out[d] = weight == 0 ? 0.0f : factor * row[d];
}

}  // namespace weft::gnn::steps
