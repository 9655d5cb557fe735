#include "gnn/kernels/spmm_max.h"

#include <algorithm>

#include "base/error.h"
#include "base/instructions.h"
#include "gnn/kernels/gather.h"

namespace weft::gnn {
namespace {

[[gnu::always_inline]] inline void take_larger_body(const float* x, float weight, std::uint32_t edge,
                                                    std::size_t dim, float* best, std::uint32_t* winner) {
  for (std::size_t d = 0; d < dim; ++d) {
    const float value = weight * x[d];
    // NaN counts as the largest, so that a divergence shows; the first one stays.
    const bool larger = value > best[d] || (value != value && best[d] == best[d]);
    best[d] = larger ? value : best[d];
    winner[d] = larger ? edge : winner[d];
  }
}
// sum += weight * grad where the edge has won.
[[gnu::always_inline]] inline void add_won_body(const float* grad, const std::uint32_t* winner, float weight,
                                                std::uint32_t edge, std::size_t dim, float* sum) {
  for (std::size_t d = 0; d < dim; ++d) sum[d] += winner[d] == edge ? weight * grad[d] : 0.0F;
}

void take_larger_generic(const float* x, float weight, std::uint32_t edge, std::size_t dim, float* best,
                         std::uint32_t* winner) {
  take_larger_body(x, weight, edge, dim, best, winner);
}
WEFT_TARGET_AVX2 void take_larger_avx2(const float* x, float weight, std::uint32_t edge, std::size_t dim,
                                       float* best, std::uint32_t* winner) {
  take_larger_body(x, weight, edge, dim, best, winner);
}
WEFT_TARGET_AVX512 void take_larger_avx512(const float* x, float weight, std::uint32_t edge, std::size_t dim,
                                           float* best, std::uint32_t* winner) {
  take_larger_body(x, weight, edge, dim, best, winner);
}
void add_won_generic(const float* grad, const std::uint32_t* winner, float weight, std::uint32_t edge,
                     std::size_t dim, float* sum) {
  add_won_body(grad, winner, weight, edge, dim, sum);
}
WEFT_TARGET_AVX2 void add_won_avx2(const float* grad, const std::uint32_t* winner, float weight,
                                   std::uint32_t edge, std::size_t dim, float* sum) {
  add_won_body(grad, winner, weight, edge, dim, sum);
}
WEFT_TARGET_AVX512 void add_won_avx512(const float* grad, const std::uint32_t* winner, float weight,
                                       std::uint32_t edge, std::size_t dim, float* sum) {
  add_won_body(grad, winner, weight, edge, dim, sum);
}

constexpr std::size_t kAhead = 8;  // edges whose rows are fetched before they are needed
constexpr std::size_t kLine = 16;  // floats a cache line

template <typename T>
void fetch(const T* row, std::size_t dim) {
  for (std::size_t d = 0; d < dim; d += kLine) __builtin_prefetch(row + d);
}

template <typename Offset>
float weight_of(const SparseRows<Offset>& a, std::size_t edge) {
  return a.weights.empty() ? 1.0F : a.weights[edge];
}

}  // namespace

template <typename Offset>
void spmm_max(const SparseRows<Offset>& a, std::span<const float> x, std::size_t dim, std::span<float> out,
              std::span<std::uint32_t> winners, ThreadPool* pool) {
  WEFT_CHECK(out.size() == a.rows() * dim && winners.size() == out.size());
  WEFT_CHECK(a.heads == 1 && a.columns.size() < kNoEdge);
  const auto take_larger = choose(take_larger_generic, take_larger_avx2, take_larger_avx512);
  for_rows_by_edges(a.offsets, pool, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      float* const best = out.data() + r * dim;
      std::uint32_t* const winner = winners.data() + r * dim;
      const std::size_t first = a.offsets[r];
      const std::size_t last = a.offsets[r + 1];
      std::fill_n(winner, dim, first == last ? kNoEdge : static_cast<std::uint32_t>(first));
      if (first == last) {
        std::fill_n(best, dim, 0.0F);
        continue;
      }
      const float* const start = x.data() + std::size_t{a.columns[first]} * dim;
      for (std::size_t d = 0; d < dim; ++d) best[d] = weight_of(a, first) * start[d];
      for (std::size_t e = first + 1; e < last; ++e) {
        if (e + kAhead < a.columns.size()) fetch(x.data() + std::size_t{a.columns[e + kAhead]} * dim, dim);
        take_larger(x.data() + std::size_t{a.columns[e]} * dim, weight_of(a, e),
                    static_cast<std::uint32_t>(e), dim, best, winner);
      }
    }
  });
}

template <typename Offset>
void spmm_max_grad_x(const SparseRows<Offset>& a, const TransposedRows& transposed,
                     std::span<const std::uint32_t> winners, std::span<const float> grad_out, std::size_t dim,
                     std::span<float> grad_x, ThreadPool* pool) {
  WEFT_CHECK(grad_out.size() == a.rows() * dim && winners.size() == grad_out.size());
  WEFT_CHECK(grad_x.size() == (transposed.offsets.size() - 1) * dim);
  const auto add_won = choose(add_won_generic, add_won_avx2, add_won_avx512);
  for_rows_by_edges(
      std::span<const std::uint32_t>(transposed.offsets), pool, [&](std::size_t begin, std::size_t end) {
        for (std::size_t c = begin; c < end; ++c) {
          float* const sum = grad_x.data() + c * dim;
          std::fill_n(sum, dim, 0.0F);
          for (std::size_t p = transposed.offsets[c]; p < transposed.offsets[c + 1]; ++p) {
            if (p + kAhead < transposed.rows.size()) {
              const std::size_t next = std::size_t{transposed.rows[p + kAhead]} * dim;
              fetch(grad_out.data() + next, dim);
              fetch(winners.data() + next, dim);
            }
            const std::size_t at = std::size_t{transposed.rows[p]} * dim;
            const std::uint32_t edge = transposed.edges[p];
            add_won(grad_out.data() + at, winners.data() + at, weight_of(a, edge), edge, dim, sum);
          }
        }
      });
}

template <typename Offset>
void spmm_max_grad_weights(const SparseRows<Offset>& a, std::span<const float> x,
                           std::span<const std::uint32_t> winners, std::span<const float> grad_out,
                           std::size_t dim, std::span<float> grad_weights, ThreadPool* pool) {
  WEFT_CHECK(grad_weights.size() == a.columns.size());
  WEFT_CHECK(grad_out.size() == a.rows() * dim && winners.size() == grad_out.size());
  std::fill(grad_weights.begin(), grad_weights.end(), 0.0F);
  for_rows_by_edges(a.offsets, pool, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin * dim; i < end * dim; ++i) {
      const std::uint32_t edge = winners[i];
      if (edge == kNoEdge) continue;
      grad_weights[edge] += grad_out[i] * x[std::size_t{a.columns[edge]} * dim + i % dim];
    }
  });
}

#define WEFT_INSTANTIATE(Offset)                                                                           \
  template void spmm_max(const SparseRows<Offset>&, std::span<const float>, std::size_t, std::span<float>, \
                         std::span<std::uint32_t>, ThreadPool*);                                           \
  template void spmm_max_grad_x(const SparseRows<Offset>&, const TransposedRows&,                          \
                                std::span<const std::uint32_t>, std::span<const float>, std::size_t,       \
                                std::span<float>, ThreadPool*);                                            \
  template void spmm_max_grad_weights(const SparseRows<Offset>&, std::span<const float>,                   \
                                      std::span<const std::uint32_t>, std::span<const float>, std::size_t, \
                                      std::span<float>, ThreadPool*);
WEFT_INSTANTIATE(std::uint32_t)
WEFT_INSTANTIATE(std::uint64_t)
#undef WEFT_INSTANTIATE

}  // namespace weft::gnn
