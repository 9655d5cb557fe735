#include "gnn/kernels/gather.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#if defined(__x86_64__)
#include <immintrin.h>
#define WEFT_X86 1
#endif

#include "base/error.h"

namespace weft::gnn {

namespace {

enum class Level { kGeneric, kAvx2, kAvx512 };

Level best_level() {
#ifdef WEFT_X86
  if (__builtin_cpu_supports("avx512f") != 0) return Level::kAvx512;
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) return Level::kAvx2;
#endif
  return Level::kGeneric;
}

Level level() {
  static const Level chosen = [] {
    const char* asked = std::getenv("WEFT_INSTRUCTIONS");
    if (asked == nullptr) return best_level();
    const std::string_view name = asked;
    const Level wanted = name == "generic" ? Level::kGeneric : name == "avx2" ? Level::kAvx2 : Level::kAvx512;
    return std::min(wanted, best_level());
  }();
  return chosen;
}

// How many edges ahead rows are fetched: enough to hide a trip to memory behind the additions of the rows
// between.
constexpr std::size_t kAhead = 12;

template <typename Offset>
[[gnu::always_inline]] inline void gather_plain(const GatherJob<Offset>& job, std::size_t begin,
                                                std::size_t end) {
  const std::size_t dim = job.dim;
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t row = job.rows == nullptr ? i : job.rows[i];
    float* const out = job.out + i * dim;
    const float* const add = job.add == nullptr ? nullptr : job.add + row * dim;
    const float scale = job.scale == nullptr ? 1.0F : job.scale[row];
    constexpr std::size_t kTile = 64;
    for (std::size_t tile = 0; tile < dim; tile += kTile) {
      float sum[kTile] = {};
      const std::size_t width = std::min(kTile, dim - tile);
      for (std::size_t e = job.offsets[row]; e < job.offsets[row + 1]; ++e) {
        const float* const x = job.x + static_cast<std::size_t>(job.columns[e]) * dim + tile;
        const float w = job.weights == nullptr ? 1.0F : job.weights[e];
        if (width == kTile) {
          for (std::size_t d = 0; d < kTile; ++d) sum[d] += w * x[d];
        } else {
          for (std::size_t d = 0; d < width; ++d) sum[d] += w * x[d];
        }
      }
      for (std::size_t d = 0; d < width; ++d) {
        out[tile + d] = scale * sum[d] + (add == nullptr ? 0.0F : add[tile + d]);
      }
    }
  }
}

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

#ifdef WEFT_X86

template <typename Offset>
__attribute__((target("avx2,fma"))) void gather_avx2(const GatherJob<Offset>& job, std::size_t begin,
                                                     std::size_t end) {
  gather_plain(job, begin, end);
}
__attribute__((target("avx2,fma"))) float dot_avx2(const float* a, const float* b, std::size_t dim) {
  return dot_plain(a, b, dim);
}
__attribute__((target("avx2,fma"))) void add_scaled_avx2(float* y, const float* x, float a, std::size_t dim) {
  add_scaled_plain(y, x, a, dim);
}

// One row of one tile of kVectors x 16 floats, the last of them masked; the sums stay in registers over all
// edges.
template <typename Offset, int kVectors>
__attribute__((target("avx512f"))) void gather_tile(const GatherJob<Offset>& job, std::size_t row,
                                                    std::size_t tile, __mmask16 last_mask, float* out) {
  __m512 sums[kVectors];
  for (int v = 0; v < kVectors; ++v) sums[v] = _mm512_setzero_ps();
  const std::size_t dim = job.dim;
  const std::size_t first = job.offsets[row];
  const std::size_t last = job.offsets[row + 1];
  for (std::size_t e = first; e < last; ++e) {
    if (e + kAhead < job.edges) {
      const float* const ahead = job.x + static_cast<std::size_t>(job.columns[e + kAhead]) * dim + tile;
      for (int v = 0; v < kVectors; ++v)
        _mm_prefetch(reinterpret_cast<const char*>(ahead + 16 * v), _MM_HINT_T0);
    }
    const float* const x = job.x + static_cast<std::size_t>(job.columns[e]) * dim + tile;
    if (job.weights == nullptr) {
      for (int v = 0; v + 1 < kVectors; ++v) sums[v] = _mm512_add_ps(sums[v], _mm512_loadu_ps(x + 16 * v));
      sums[kVectors - 1] =
          _mm512_add_ps(sums[kVectors - 1], _mm512_maskz_loadu_ps(last_mask, x + 16 * (kVectors - 1)));
    } else {
      const __m512 w = _mm512_set1_ps(job.weights[e]);
      for (int v = 0; v + 1 < kVectors; ++v)
        sums[v] = _mm512_fmadd_ps(w, _mm512_loadu_ps(x + 16 * v), sums[v]);
      sums[kVectors - 1] =
          _mm512_fmadd_ps(w, _mm512_maskz_loadu_ps(last_mask, x + 16 * (kVectors - 1)), sums[kVectors - 1]);
    }
  }
  const __m512 scale = _mm512_set1_ps(job.scale == nullptr ? 1.0F : job.scale[row]);
  const float* const add = job.add == nullptr ? nullptr : job.add + row * dim + tile;
  for (int v = 0; v < kVectors; ++v) {
    const __mmask16 mask = v + 1 < kVectors ? static_cast<__mmask16>(0xFFFF) : last_mask;
    __m512 value = _mm512_mul_ps(scale, sums[v]);
    if (add != nullptr) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, add + 16 * v));
    _mm512_mask_storeu_ps(out + tile + 16 * v, mask, value);
  }
}

template <typename Offset>
__attribute__((target("avx512f"))) void gather_avx512(const GatherJob<Offset>& job, std::size_t begin,
                                                      std::size_t end) {
  constexpr std::size_t kTile = 128;
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t row = job.rows == nullptr ? i : job.rows[i];
    float* const out = job.out + i * job.dim;
    for (std::size_t tile = 0; tile < job.dim; tile += kTile) {
      const std::size_t width = std::min(kTile, job.dim - tile);
      const std::size_t tail = width % 16;
      const auto mask = static_cast<__mmask16>(tail == 0 ? 0xFFFF : (1U << tail) - 1);
      switch ((width + 15) / 16) {
        case 1:
          gather_tile<Offset, 1>(job, row, tile, mask, out);
          break;
        case 2:
          gather_tile<Offset, 2>(job, row, tile, mask, out);
          break;
        case 3:
          gather_tile<Offset, 3>(job, row, tile, mask, out);
          break;
        case 4:
          gather_tile<Offset, 4>(job, row, tile, mask, out);
          break;
        case 5:
          gather_tile<Offset, 5>(job, row, tile, mask, out);
          break;
        case 6:
          gather_tile<Offset, 6>(job, row, tile, mask, out);
          break;
        case 7:
          gather_tile<Offset, 7>(job, row, tile, mask, out);
          break;
        default:
          gather_tile<Offset, 8>(job, row, tile, mask, out);
          break;
      }
    }
  }
}
__attribute__((target("avx512f,prefer-vector-width=512"))) float dot_avx512(const float* a, const float* b,
                                                                            std::size_t dim) {
  return dot_plain(a, b, dim);
}
__attribute__((target("avx512f,prefer-vector-width=512"))) void add_scaled_avx512(float* y, const float* x,
                                                                                  float a, std::size_t dim) {
  add_scaled_plain(y, x, a, dim);
}

#endif

}  // namespace

template <typename Offset>
void gather_rows(const GatherJob<Offset>& job, std::size_t begin, std::size_t end) {
#ifdef WEFT_X86
  if (level() == Level::kAvx512) return gather_avx512(job, begin, end);
  if (level() == Level::kAvx2) return gather_avx2(job, begin, end);
#endif
  gather_plain(job, begin, end);
}
template void gather_rows(const GatherJob<std::uint32_t>&, std::size_t, std::size_t);
template void gather_rows(const GatherJob<std::uint64_t>&, std::size_t, std::size_t);

float dot(const float* a, const float* b, std::size_t dim) {
#ifdef WEFT_X86
  if (level() == Level::kAvx512) return dot_avx512(a, b, dim);
  if (level() == Level::kAvx2) return dot_avx2(a, b, dim);
#endif
  return dot_plain(a, b, dim);
}

void add_scaled(float* y, const float* x, float a, std::size_t dim) {
#ifdef WEFT_X86
  if (level() == Level::kAvx512) return add_scaled_avx512(y, x, a, dim);
  if (level() == Level::kAvx2) return add_scaled_avx2(y, x, a, dim);
#endif
  add_scaled_plain(y, x, a, dim);
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

const char* vector_instructions() {
  return level() == Level::kAvx512 ? "avx512" : level() == Level::kAvx2 ? "avx2" : "generic";
}

}  // namespace weft::gnn
