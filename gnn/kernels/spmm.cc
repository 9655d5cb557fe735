#include "gnn/kernels/spmm.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "gnn/kernels/gather.h"

namespace weft::gnn {

template <typename Offset>
std::vector<float> weight_sums(const SparseRows<Offset>& a) {
  std::vector<float> sums(a.rows(), 0.0F);
  for (std::size_t r = 0; r < a.rows(); ++r) {
    if (a.weights.empty()) {
      sums[r] = static_cast<float>(a.offsets[r + 1] - a.offsets[r]);
    } else {
      for (std::size_t e = a.offsets[r]; e < a.offsets[r + 1]; ++e) sums[r] += a.weights[e];
    }
  }
  return sums;
}

template <typename Offset>
std::vector<float> mean_scales(const SparseRows<Offset>& a) {
  std::vector<float> scales = weight_sums(a);
  for (float& scale : scales) {
    // Of weights that are next to nothing the reciprocal would not be finite.
    constexpr float kLeastSum = 1e-12F;
    const float sum = scale;
    if (sum != 0) scale = 1.0F / (std::abs(sum) < kLeastSum ? std::copysign(kLeastSum, sum) : sum);
  }
  return scales;
}

namespace {

template <typename Offset>
void check_heads(const SparseRows<Offset>& a, std::size_t dim, Reduce reduce) {
  WEFT_CHECK(a.heads > 0 && dim % a.heads == 0);
  WEFT_CHECK(a.heads == 1 || (reduce == Reduce::kSum && (!a.weights.empty() || a.columns.empty())));
  WEFT_CHECK(a.weights.empty() || a.weights.size() == a.columns.size() * a.heads);
}

template <typename Offset, typename In, typename Out>
void multiply(const SparseRows<Offset>& a, std::span<const In> x, std::size_t dim, Reduce reduce,
              std::span<Out> out, ThreadPool* pool) {
  WEFT_CHECK(out.size() == a.rows() * dim);
  check_heads(a, dim, reduce);
  std::vector<float> scales;
  if (reduce == Reduce::kMean) scales = mean_scales(a);
  const GatherJob<Offset, In, Out> job{.offsets = a.offsets.data(),
                                       .columns = a.columns.data(),
                                       .edges = a.columns.size(),
                                       .weights = a.weights.empty() ? nullptr : a.weights.data(),
                                       .heads = a.heads,
                                       .scale = scales.empty() ? nullptr : scales.data(),
                                       .x = x.data(),
                                       .dim = dim,
                                       .out = out.data()};
  for_rows_by_edges(a.offsets, pool,
                    [&](std::size_t begin, std::size_t end) { gather_rows(job, begin, end); });
}

// Weights of the transposed matrix, [edges, heads] in its order; empty: all 1.
template <typename Offset>
std::vector<float> transposed_weights(const SparseRows<Offset>& a, const TransposedRows& transposed,
                                      Reduce reduce, ThreadPool* pool) {
  std::vector<float> factors;
  if (reduce != Reduce::kMean && a.weights.empty()) return factors;
  std::vector<float> scales;
  if (reduce == Reduce::kMean) scales = mean_scales(a);
  const std::size_t heads = a.heads;
  factors.resize(transposed.edges.size() * heads);
  for_rows_by_edges(std::span<const std::uint32_t>(transposed.offsets), pool,
                    [&](std::size_t begin, std::size_t end) {
                      for (std::size_t p = transposed.offsets[begin]; p < transposed.offsets[end]; ++p) {
                        const float scale = scales.empty() ? 1.0F : scales[transposed.rows[p]];
                        const std::size_t edge = transposed.edges[p];
                        for (std::size_t h = 0; h < heads; ++h) {
                          const float weight = a.weights.empty() ? 1.0F : a.weights[edge * heads + h];
                          factors[p * heads + h] = weight * scale;
                        }
                      }
                    });
  return factors;
}

template <typename Offset, typename In, typename Out>
void multiply_transposed(const SparseRows<Offset>& a, const TransposedRows& transposed,
                         std::span<const In> grad_out, std::size_t dim, Reduce reduce, std::span<Out> grad_x,
                         ThreadPool* pool) {
  WEFT_CHECK(grad_out.size() == a.rows() * dim);
  WEFT_CHECK(grad_x.size() == (transposed.offsets.size() - 1) * dim);
  check_heads(a, dim, reduce);
  const std::vector<float> factors = transposed_weights(a, transposed, reduce, pool);
  const GatherJob<std::uint32_t, In, Out> job{.offsets = transposed.offsets.data(),
                                              .columns = transposed.rows.data(),
                                              .edges = transposed.rows.size(),
                                              .weights = factors.empty() ? nullptr : factors.data(),
                                              .heads = a.heads,
                                              .x = grad_out.data(),
                                              .dim = dim,
                                              .out = grad_x.data()};
  for_rows_by_edges(std::span<const std::uint32_t>(transposed.offsets), pool,
                    [&](std::size_t begin, std::size_t end) { gather_rows(job, begin, end); });
}

}  // namespace

template <typename Offset>
TransposedRows transpose(const SparseRows<Offset>& a, std::size_t columns) {
  const std::size_t first = a.rows() == 0 ? 0 : a.offsets.front();
  const std::size_t last = a.rows() == 0 ? 0 : a.offsets.back();
  WEFT_CHECK(last <= std::numeric_limits<std::uint32_t>::max());
  TransposedRows t;
  t.offsets.assign(columns + 1, 0);
  for (std::size_t e = first; e < last; ++e) ++t.offsets[a.columns[e] + 1];
  for (std::size_t c = 0; c < columns; ++c) t.offsets[c + 1] += t.offsets[c];
  t.rows.resize(last - first);
  t.edges.resize(last - first);
  std::vector<std::uint32_t> next(t.offsets.begin(), t.offsets.end() - 1);
  for (std::size_t r = 0; r < a.rows(); ++r) {
    for (std::size_t e = a.offsets[r]; e < a.offsets[r + 1]; ++e) {
      const std::uint32_t place = next[a.columns[e]]++;
      t.rows[place] = static_cast<std::uint32_t>(r);
      t.edges[place] = static_cast<std::uint32_t>(e);
    }
  }
  return t;
}

template <typename Offset>
void spmm(const SparseRows<Offset>& a, std::span<const float> x, std::size_t dim, Reduce reduce,
          std::span<float> out, ThreadPool* pool) {
  multiply(a, x, dim, reduce, out, pool);
}
template <typename Offset>
void spmm(const SparseRows<Offset>& a, std::span<const BFloat16> x, std::size_t dim, Reduce reduce,
          std::span<float> out, ThreadPool* pool) {
  multiply(a, x, dim, reduce, out, pool);
}
template <typename Offset>
void spmm(const SparseRows<Offset>& a, std::span<const BFloat16> x, std::size_t dim, Reduce reduce,
          std::span<BFloat16> out, ThreadPool* pool) {
  multiply(a, x, dim, reduce, out, pool);
}

template <typename Offset>
void spmm_grad_x(const SparseRows<Offset>& a, const TransposedRows& transposed,
                 std::span<const float> grad_out, std::size_t dim, Reduce reduce, std::span<float> grad_x,
                 ThreadPool* pool) {
  multiply_transposed(a, transposed, grad_out, dim, reduce, grad_x, pool);
}
template <typename Offset>
void spmm_grad_x(const SparseRows<Offset>& a, const TransposedRows& transposed,
                 std::span<const float> grad_out, std::size_t dim, Reduce reduce, std::span<BFloat16> grad_x,
                 ThreadPool* pool) {
  multiply_transposed(a, transposed, grad_out, dim, reduce, grad_x, pool);
}
template <typename Offset>
void spmm_grad_x(const SparseRows<Offset>& a, const TransposedRows& transposed,
                 std::span<const BFloat16> grad_out, std::size_t dim, Reduce reduce,
                 std::span<BFloat16> grad_x, ThreadPool* pool) {
  multiply_transposed(a, transposed, grad_out, dim, reduce, grad_x, pool);
}

template <typename Offset>
void spmm_grad_weights(const SparseRows<Offset>& a, std::span<const float> x, std::span<const float> out,
                       std::span<const float> grad_out, std::size_t dim, Reduce reduce,
                       std::span<float> grad_weights, ThreadPool* pool) {
  WEFT_CHECK(grad_weights.size() == a.columns.size() * a.heads);
  WEFT_CHECK(grad_out.size() == a.rows() * dim);
  WEFT_CHECK(reduce != Reduce::kMean || out.size() == grad_out.size());
  check_heads(a, dim, reduce);
  std::vector<float> scales;
  if (reduce == Reduce::kMean) scales = mean_scales(a);
  const std::size_t heads = a.heads;
  const std::size_t part = dim / heads;
  for_rows_by_edges(a.offsets, pool, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const float* const grad = grad_out.data() + r * dim;
      // d(sum w x / sum w) / dw_e = (x_e - mean) / sum w
      const float mean = scales.empty() ? 0.0F : dot(grad, out.data() + r * dim, dim);
      const float scale = scales.empty() ? 1.0F : scales[r];
      for (std::size_t e = a.offsets[r]; e < a.offsets[r + 1]; ++e) {
        const float* const sent = x.data() + std::size_t{a.columns[e]} * dim;
        for (std::size_t h = 0; h < heads; ++h) {
          grad_weights[e * heads + h] = scale * (dot(grad + h * part, sent + h * part, part) - mean);
        }
      }
    }
  });
}

#define WEFT_INSTANTIATE(Offset)                                                                             \
  template std::vector<float> weight_sums(const SparseRows<Offset>&);                                        \
  template std::vector<float> mean_scales(const SparseRows<Offset>&);                                        \
  template TransposedRows transpose(const SparseRows<Offset>&, std::size_t);                                 \
  template void spmm(const SparseRows<Offset>&, std::span<const float>, std::size_t, Reduce,                 \
                     std::span<float>, ThreadPool*);                                                         \
  template void spmm(const SparseRows<Offset>&, std::span<const BFloat16>, std::size_t, Reduce,              \
                     std::span<float>, ThreadPool*);                                                         \
  template void spmm(const SparseRows<Offset>&, std::span<const BFloat16>, std::size_t, Reduce,              \
                     std::span<BFloat16>, ThreadPool*);                                                      \
  template void spmm_grad_x(const SparseRows<Offset>&, const TransposedRows&, std::span<const float>,        \
                            std::size_t, Reduce, std::span<float>, ThreadPool*);                             \
  template void spmm_grad_x(const SparseRows<Offset>&, const TransposedRows&, std::span<const float>,        \
                            std::size_t, Reduce, std::span<BFloat16>, ThreadPool*);                          \
  template void spmm_grad_x(const SparseRows<Offset>&, const TransposedRows&, std::span<const BFloat16>,     \
                            std::size_t, Reduce, std::span<BFloat16>, ThreadPool*);                          \
  template void spmm_grad_weights(const SparseRows<Offset>&, std::span<const float>, std::span<const float>, \
                                  std::span<const float>, std::size_t, Reduce, std::span<float>,             \
                                  ThreadPool*);
WEFT_INSTANTIATE(std::uint32_t)
WEFT_INSTANTIATE(std::uint64_t)
#undef WEFT_INSTANTIATE

}  // namespace weft::gnn
