#include "gnn/kernels/dense.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/instructions.h"
#include "gnn/kernels/vectors.h"

namespace weft::gnn {
namespace {

constexpr std::size_t kRun = 2048;  // rows that are summed apart in a transposed product
constexpr std::size_t kBlock = 96;  // of them at a time: their tiles stay in the cache

// c [rows, columns] (+)= a times b over `steps`; element (i, p) of a is a[i * a_row + p * a_step].
struct Product {
  const float* a = nullptr;
  std::size_t a_row = 0, a_step = 0;
  const float* b = nullptr;
  std::size_t b_stride = 0;
  std::size_t rows = 0, columns = 0, steps = 0;
  float* c = nullptr;
  std::size_t c_stride = 0;
  bool adds = false;
};

namespace generic {
using Vector = GenericVector;
constexpr int kTileRows = 6, kTileVectors = 2;
#define WEFT_TARGET
#include "gnn/kernels/dense_tile.inc"
#undef WEFT_TARGET
}  // namespace generic

#if defined(__x86_64__)
namespace avx2 {
using Vector = Avx2Vector;
constexpr int kTileRows = 6, kTileVectors = 2;
#define WEFT_TARGET WEFT_TARGET_AVX2
#include "gnn/kernels/dense_tile.inc"
#undef WEFT_TARGET
}  // namespace avx2
namespace avx512 {
using Vector = Avx512Vector;
constexpr int kTileRows = 6, kTileVectors = 4;
#define WEFT_TARGET WEFT_TARGET_AVX512
#include "gnn/kernels/dense_tile.inc"
#undef WEFT_TARGET
}  // namespace avx512
#else
namespace avx2 = generic;
namespace avx512 = generic;
#endif

void run(const Product& product) {
  static const auto level = choose(generic::product_level, avx2::product_level, avx512::product_level);
  level(product);
}

// out [k, n] = x^T y over rows [begin, end).
void transposed_run(const MatrixView& x, const MatrixView& y, std::size_t begin, std::size_t end,
                    float* out) {
  for (std::size_t first = begin; first < end; first += kBlock) {
    run({.a = x.values + first * x.stride,
         .a_row = 1,
         .a_step = x.stride,
         .b = y.values + first * y.stride,
         .b_stride = y.stride,
         .rows = x.columns,
         .columns = y.columns,
         .steps = std::min(kBlock, end - first),
         .c = out,
         .c_stride = y.columns,
         .adds = first != begin});
  }
}

}  // namespace

void multiply_rows(const MatrixView& x, const MatrixView& w, std::size_t begin, std::size_t end, float* out,
                   std::size_t out_stride) {
  WEFT_CHECK(x.columns == w.rows && begin <= end && end <= x.rows && out_stride >= w.columns);
  run({.a = x.values + begin * x.stride,
       .a_row = x.stride,
       .a_step = 1,
       .b = w.values,
       .b_stride = w.stride,
       .rows = end - begin,
       .columns = w.columns,
       .steps = x.columns,
       .c = out + begin * out_stride,
       .c_stride = out_stride});
}

void multiply_transposed(const MatrixView& x, const MatrixView& y, std::span<float> out, ThreadPool* pool) {
  const std::size_t numbers = x.columns * y.columns;
  WEFT_CHECK(x.rows == y.rows && out.size() == numbers);
  std::fill(out.begin(), out.end(), 0.0F);
  const std::size_t runs = (x.rows + kRun - 1) / kRun;
  if (runs < 2) {
    if (runs == 1) transposed_run(x, y, 0, x.rows, out.data());
    return;
  }
  // A run's sums come from one thread, and runs are added in order. Without a pool one run's room is enough.
  const bool shared = pool != nullptr && pool->size() > 1;
  std::vector<float> sums(numbers * (shared ? runs : 1));
  const auto add = [&](const float* run_sums) {
    for (std::size_t i = 0; i < numbers; ++i) out[i] += run_sums[i];
  };
  const auto one = [&](std::size_t r, float* to) {
    transposed_run(x, y, r * kRun, std::min((r + 1) * kRun, x.rows), to);
  };
  if (!shared) {
    for (std::size_t r = 0; r < runs; ++r) one(r, sums.data()), add(sums.data());
    return;
  }
  pool->parallel_for(runs, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) one(r, sums.data() + r * numbers);
  });
  for (std::size_t r = 0; r < runs; ++r) add(sums.data() + r * numbers);
}

}  // namespace weft::gnn
