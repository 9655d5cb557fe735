#include "sampling/weight_search.h"

#include <algorithm>

#if defined(__x86_64__)
// GCC 12 takes the undefined upper lanes within the intrinsics themselves for a mistake.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#define WEFT_X86 1
#endif

namespace weft::sampling {
namespace {

// One step of edge_at_weight for some weights of one row, of which n edges are left to look through from each
// `low`.
void search_step(const std::uint64_t* sums, std::uint32_t n, const std::uint64_t* weights, std::uint32_t* low,
                 std::uint32_t count) {
  const std::uint32_t half = n / 2;
  const std::uint32_t next = std::max((n - half) / 2, 1u) - 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t from = low[i];
    const std::uint32_t to = from + (half & (0u - (sums[from + half - 1] <= weights[i] ? 1u : 0u)));
    low[i] = to;
    __builtin_prefetch(sums + to + next);
  }
}

// All rows with a length step by step, in turns; those of length 0 are left alone.
void search_in_step(const std::uint64_t* sums, std::span<const FloydRow> rows, std::uint32_t each,
                    const std::uint64_t* weights, std::uint32_t* lengths, std::uint32_t* edges) {
  std::uint32_t longest = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    longest = std::max(longest, lengths[r]);
    if (lengths[r] > 0) std::fill_n(edges + r * each, each, 0u);
  }
  for (; longest > 1; longest -= longest / 2) {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const std::uint32_t n = lengths[r];
      if (n <= 1) continue;
      lengths[r] = n - n / 2;
      search_step(sums + rows[r].start, n, weights + r * each, edges + r * each, each);
    }
  }
}

void search_weights_generic(const std::uint64_t* sums, std::span<const FloydRow> rows, std::uint32_t each,
                            const std::uint64_t* weights, std::uint32_t* lengths, std::uint32_t* edges) {
  for (std::size_t r = 0; r < rows.size(); ++r) lengths[r] = rows[r].length;
  search_in_step(sums, rows, each, weights, lengths, edges);
}

#ifdef WEFT_X86
// In rows up to this length, counting the sums that do not exceed a weight is faster than looking for the
// first that does.
constexpr std::uint32_t kCounted = 64;

// 16 weights of a row of n sums.
__attribute__((target("avx512f,avx512vl"))) void count_sums(const std::uint64_t* sums, std::uint32_t n,
                                                            const std::uint64_t* weights, std::uint32_t count,
                                                            std::uint32_t* edges) {
  const __m512i one = _mm512_set1_epi64(1);
  const auto valid_a = static_cast<__mmask8>(count >= 8 ? 0xFFu : (1u << count) - 1);
  const auto valid_b = static_cast<__mmask8>(count >= 16 ? 0xFFu : count > 8 ? (1u << (count - 8)) - 1 : 0u);
  const __m512i a = _mm512_maskz_loadu_epi64(valid_a, weights);
  const __m512i b = _mm512_maskz_loadu_epi64(valid_b, weights + 8);
  __m512i edge_a = _mm512_setzero_si512();
  __m512i edge_b = _mm512_setzero_si512();
  for (std::uint32_t p = 0; p + 1 < n; ++p) {
    const __m512i sum = _mm512_set1_epi64(static_cast<long long>(sums[p]));
    edge_a = _mm512_mask_add_epi64(edge_a, _mm512_cmple_epu64_mask(sum, a), edge_a, one);
    edge_b = _mm512_mask_add_epi64(edge_b, _mm512_cmple_epu64_mask(sum, b), edge_b, one);
  }
  _mm256_mask_storeu_epi32(edges, valid_a, _mm512_cvtepi64_epi32(edge_a));
  _mm256_mask_storeu_epi32(edges + 8, valid_b, _mm512_cvtepi64_epi32(edge_b));
}

void search_weights_avx512(const std::uint64_t* sums, std::span<const FloydRow> rows, std::uint32_t each,
                           const std::uint64_t* weights, std::uint32_t* lengths, std::uint32_t* edges) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::uint32_t n = rows[r].length;
    lengths[r] = n <= kCounted ? 0 : n;
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (lengths[r] != 0) continue;
    for (std::uint32_t i = 0; i < each; i += 16) {
      count_sums(sums + rows[r].start, rows[r].length, weights + r * each + i, each - i,
                 edges + r * each + i);
    }
  }
  search_in_step(sums, rows, each, weights, lengths, edges);
}
#pragma GCC diagnostic pop
#endif

}  // namespace

void search_weights(const std::uint64_t* sums, std::span<const FloydRow> rows, std::uint32_t each,
                    const std::uint64_t* weights, std::uint32_t* lengths, std::uint32_t* edges) {
#ifdef WEFT_X86
  static const bool wide = pick_instructions() == "avx512";
  if (wide) return search_weights_avx512(sums, rows, each, weights, lengths, edges);
#endif
  search_weights_generic(sums, rows, each, weights, lengths, edges);
}

namespace internal {

bool search_weights_with(const std::string& instructions, const std::uint64_t* sums,
                         std::span<const FloydRow> rows, std::uint32_t each, const std::uint64_t* weights,
                         std::uint32_t* lengths, std::uint32_t* edges) {
  if (instructions == "generic") {
    search_weights_generic(sums, rows, each, weights, lengths, edges);
    return true;
  }
#ifdef WEFT_X86
  if (instructions == "avx512" && __builtin_cpu_supports("avx512f") != 0 &&
      __builtin_cpu_supports("avx512vl") != 0) {
    search_weights_avx512(sums, rows, each, weights, lengths, edges);
    return true;
  }
#endif
  return false;
}

}  // namespace internal

}  // namespace weft::sampling
