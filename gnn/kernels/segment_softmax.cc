#include "gnn/kernels/segment_softmax.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/instructions.h"
#include "gnn/kernels/gather.h"

namespace weft::gnn {
namespace {

// exp of x <= 0 without a jump: x = n log 2 + r with |r| <= log(2) / 2, a polynomial for exp(r), and n put
// into the exponent (Cephes, expf).
[[gnu::always_inline]] inline float exp_of_negative(float x) {
  constexpr float kLeast = -87.0F;
  const float bounded = x >= kLeast ? x : kLeast;  // NaN too: it has no whole number
  constexpr float kRound = 12582912.0F;            // 1.5 x 2^23: adding it rounds to a whole number
  const float shifted = bounded * 1.44269504F + kRound;
  const float n = shifted - kRound;
  const float r = bounded - n * 0.693359375F + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127) << 23;
  const float value = p * std::bit_cast<float>(exponent);
  return x >= kLeast ? value : x < kLeast ? 0.0F : x;
}

// One row of `count` edges. `row` [heads]: room.
[[gnu::always_inline]] inline void softmax_row(const float* scores, std::size_t count, std::size_t heads,
                                               float* row, float* out) {
  std::copy_n(scores, heads, row);
  for (std::size_t e = 1; e < count; ++e) {
    for (std::size_t h = 0; h < heads; ++h) row[h] = std::max(row[h], scores[e * heads + h]);
  }
  // A row of nothing but -infinity has no share for any edge.
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  for (std::size_t h = 0; h < heads; ++h) row[h] = row[h] == kNothing ? 0.0F : row[h];
  if (heads == 1) {
    const float largest = row[0];
    for (std::size_t e = 0; e < count; ++e) out[e] = exp_of_negative(scores[e] - largest);
  } else {
    for (std::size_t e = 0; e < count; ++e) {
      for (std::size_t h = 0; h < heads; ++h)
        out[e * heads + h] = exp_of_negative(scores[e * heads + h] - row[h]);
    }
  }
  std::fill_n(row, heads, 0.0F);
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t h = 0; h < heads; ++h) row[h] += out[e * heads + h];
  }
  for (std::size_t h = 0; h < heads; ++h) row[h] = row[h] == 0.0F ? 0.0F : 1.0F / row[h];
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t h = 0; h < heads; ++h) out[e * heads + h] *= row[h];
  }
}

// d out_e / d score_f = out_e (1{e = f} - out_f)
[[gnu::always_inline]] inline void grad_row(const float* out, const float* grad, std::size_t count,
                                            std::size_t heads, float* row, float* result) {
  std::fill_n(row, heads, 0.0F);
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t h = 0; h < heads; ++h) row[h] += out[e * heads + h] * grad[e * heads + h];
  }
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t h = 0; h < heads; ++h)
      result[e * heads + h] = out[e * heads + h] * (grad[e * heads + h] - row[h]);
  }
}

void softmax_generic(const float* scores, std::size_t count, std::size_t heads, float* row, float* out) {
  softmax_row(scores, count, heads, row, out);
}
WEFT_TARGET_AVX2 void softmax_avx2(const float* scores, std::size_t count, std::size_t heads, float* row,
                                   float* out) {
  softmax_row(scores, count, heads, row, out);
}
WEFT_TARGET_AVX512 void softmax_avx512(const float* scores, std::size_t count, std::size_t heads, float* row,
                                       float* out) {
  softmax_row(scores, count, heads, row, out);
}
void grad_generic(const float* out, const float* grad, std::size_t count, std::size_t heads, float* row,
                  float* result) {
  grad_row(out, grad, count, heads, row, result);
}
WEFT_TARGET_AVX2 void grad_avx2(const float* out, const float* grad, std::size_t count, std::size_t heads,
                                float* row, float* result) {
  grad_row(out, grad, count, heads, row, result);
}
WEFT_TARGET_AVX512 void grad_avx512(const float* out, const float* grad, std::size_t count, std::size_t heads,
                                    float* row, float* result) {
  grad_row(out, grad, count, heads, row, result);
}

template <typename Offset, typename Body>
void for_each_row(std::span<const Offset> offsets, std::size_t heads, std::size_t size, ThreadPool* pool,
                  const Body& body) {
  WEFT_CHECK(heads > 0 && (offsets.empty() || offsets.back() * heads <= size));
  for_rows_by_edges(offsets, pool, [&](std::size_t begin, std::size_t end) {
    std::vector<float> room(heads);
    for (std::size_t r = begin; r < end; ++r) {
      const std::size_t first = offsets[r];
      const std::size_t count = offsets[r + 1] - first;
      if (count > 0) body(first * heads, count, room.data());
    }
  });
}

}  // namespace

template <typename Offset>
void segment_softmax(std::span<const Offset> offsets, std::size_t heads, std::span<const float> scores,
                     std::span<float> out, ThreadPool* pool) {
  WEFT_CHECK(out.size() == scores.size());
  const auto run = choose(softmax_generic, softmax_avx2, softmax_avx512);
  for_each_row(offsets, heads, scores.size(), pool, [&](std::size_t at, std::size_t count, float* room) {
    run(scores.data() + at, count, heads, room, out.data() + at);
  });
}

template <typename Offset>
void segment_softmax_grad(std::span<const Offset> offsets, std::size_t heads, std::span<const float> out,
                          std::span<const float> grad_out, std::span<float> grad_scores, ThreadPool* pool) {
  WEFT_CHECK(out.size() == grad_out.size() && out.size() == grad_scores.size());
  const auto run = choose(grad_generic, grad_avx2, grad_avx512);
  for_each_row(offsets, heads, out.size(), pool, [&](std::size_t at, std::size_t count, float* room) {
    run(out.data() + at, grad_out.data() + at, count, heads, room, grad_scores.data() + at);
  });
}

#define WEFT_INSTANTIATE(Offset)                                                                   \
  template void segment_softmax(std::span<const Offset>, std::size_t, std::span<const float>,      \
                                std::span<float>, ThreadPool*);                                    \
  template void segment_softmax_grad(std::span<const Offset>, std::size_t, std::span<const float>, \
                                     std::span<const float>, std::span<float>, ThreadPool*);
WEFT_INSTANTIATE(std::uint32_t)
WEFT_INSTANTIATE(std::uint64_t)
#undef WEFT_INSTANTIATE

}  // namespace weft::gnn
