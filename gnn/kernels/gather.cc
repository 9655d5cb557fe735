#include "gnn/kernels/gather.h"

#include <algorithm>

#include "base/error.h"
#include "base/instructions.h"
#include "gnn/kernels/vectors.h"

namespace weft::gnn {

namespace {

// How many edges ahead rows are fetched: enough to hide a trip to memory, and a walk of the page tables,
// behind the additions of the rows between.
constexpr std::size_t kAhead = 24;
constexpr std::size_t kLine = 64;  // bytes a cache line
constexpr int kRegisters = 8;      // that hold a tile's sums

namespace generic {
using Vector = GenericVector;
#define WEFT_TARGET
#include "gnn/kernels/gather_rows.inc"
#undef WEFT_TARGET
}  // namespace generic

#if defined(__x86_64__)
namespace avx2 {
using Vector = Avx2Vector;
#define WEFT_TARGET WEFT_TARGET_AVX2
#include "gnn/kernels/gather_rows.inc"
#undef WEFT_TARGET
}  // namespace avx2
namespace avx512 {
using Vector = Avx512Vector;
#define WEFT_TARGET WEFT_TARGET_AVX512
#include "gnn/kernels/gather_rows.inc"
#undef WEFT_TARGET
}  // namespace avx512
#else
namespace avx2 = generic;
namespace avx512 = generic;
#endif

[[gnu::always_inline]] inline float dot_plain(const float* a, const float* b, std::size_t dim) {
  // Sixteen running sums: the compiler may not reorder float additions by itself.
  constexpr std::size_t kLanes = 16;
  float sums[kLanes] = {};
  std::size_t d = 0;
  for (; d + kLanes <= dim; d += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[d + lane] * b[d + lane];
  }
  float sum = 0;
  for (const float lane : sums) sum += lane;
  for (; d < dim; ++d) sum += a[d] * b[d];
  return sum;
}

[[gnu::always_inline]] inline void add_scaled_plain(float* y, const float* x, float a, std::size_t dim) {
  for (std::size_t d = 0; d < dim; ++d) y[d] += a * x[d];
}

float dot_generic(const float* a, const float* b, std::size_t dim) {
  return dot_plain(a, b, dim);
}
WEFT_TARGET_AVX2 float dot_avx2(const float* a, const float* b, std::size_t dim) {
  return dot_plain(a, b, dim);
}
WEFT_TARGET_AVX512 float dot_avx512(const float* a, const float* b, std::size_t dim) {
  return dot_plain(a, b, dim);
}
void add_scaled_generic(float* y, const float* x, float a, std::size_t dim) {
  add_scaled_plain(y, x, a, dim);
}
WEFT_TARGET_AVX2 void add_scaled_avx2(float* y, const float* x, float a, std::size_t dim) {
  add_scaled_plain(y, x, a, dim);
}
WEFT_TARGET_AVX512 void add_scaled_avx512(float* y, const float* x, float a, std::size_t dim) {
  add_scaled_plain(y, x, a, dim);
}

}  // namespace

template <typename Offset, typename In, typename Out>
void gather_rows(const GatherJob<Offset, In, Out>& job, std::size_t begin, std::size_t end) {
  choose(generic::gather_level<Offset, In, Out>, avx2::gather_level<Offset, In, Out>,
         avx512::gather_level<Offset, In, Out>)(job, begin, end);
}
#define WEFT_INSTANTIATE(Offset, In, Out) \
  template void gather_rows(const GatherJob<Offset, In, Out>&, std::size_t, std::size_t);
WEFT_INSTANTIATE(std::uint32_t, float, float)
WEFT_INSTANTIATE(std::uint32_t, float, BFloat16)
WEFT_INSTANTIATE(std::uint32_t, BFloat16, float)
WEFT_INSTANTIATE(std::uint32_t, BFloat16, BFloat16)
WEFT_INSTANTIATE(std::uint64_t, float, float)
WEFT_INSTANTIATE(std::uint64_t, float, BFloat16)
WEFT_INSTANTIATE(std::uint64_t, BFloat16, float)
WEFT_INSTANTIATE(std::uint64_t, BFloat16, BFloat16)
#undef WEFT_INSTANTIATE

float dot(const float* a, const float* b, std::size_t dim) {
  static const auto run = choose(dot_generic, dot_avx2, dot_avx512);
  return run(a, b, dim);
}

void add_scaled(float* y, const float* x, float a, std::size_t dim) {
  static const auto run = choose(add_scaled_generic, add_scaled_avx2, add_scaled_avx512);
  run(y, x, a, dim);
}

template <typename Offset>
void for_rows_by_edges(std::span<const Offset> offsets, ThreadPool* pool,
                       const std::function<void(std::size_t, std::size_t)>& body) {
  const std::size_t rows = offsets.empty() ? 0 : offsets.size() - 1;
  if (rows == 0) return;
  constexpr std::size_t kRowCost = 4;  // writing a row costs about as much as reading a few
  const auto work_before = [&](std::size_t row) {
    return static_cast<std::size_t>(offsets[row] - offsets[0]) + kRowCost * row;
  };
  const std::size_t total = work_before(rows);
  constexpr std::size_t kWorthAThread = 4096;
  if (pool == nullptr || pool->size() < 2 || total < kWorthAThread) return body(0, rows);
  // More chunks than threads, so that a thread that is held up does not hold up the rest.
  const std::size_t chunks = std::min(pool->size() * 8, total / (kWorthAThread / 4));
  std::vector<std::size_t> cuts(chunks + 1, rows);
  cuts[0] = 0;
  for (std::size_t c = 1; c < chunks; ++c) {
    std::size_t low = cuts[c - 1];
    std::size_t high = rows;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (work_before(middle) < total / chunks * c)
        low = middle + 1;
      else
        high = middle;
    }
    cuts[c] = low;
  }
  pool->parallel_for(chunks, 1, [&](std::size_t begin, std::size_t end) {
    if (cuts[begin] < cuts[end]) body(cuts[begin], cuts[end]);
  });
}
template void for_rows_by_edges(std::span<const std::uint32_t>, ThreadPool*,
                                const std::function<void(std::size_t, std::size_t)>&);
template void for_rows_by_edges(std::span<const std::uint64_t>, ThreadPool*,
                                const std::function<void(std::size_t, std::size_t)>&);

}  // namespace weft::gnn
