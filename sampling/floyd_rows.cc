#include "sampling/floyd_rows.h"

#include "base/instructions.h"

#if defined(__x86_64__)
#if !defined(__clang__)
// GCC 12 takes the undefined upper lanes within the intrinsics themselves for a mistake.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#define WEFT_X86 1
#endif

namespace weft::sampling {
namespace {

void scalar_row(PhiloxKey key, std::uint32_t purpose, std::uint32_t k, const FloydRow& row,
                std::uint32_t* out) {
  std::uint32_t* const picks = out + row.at;
  floyd_picks({key, row.node, purpose, row.root}, row.length, k, picks);
  for (std::uint32_t i = 0; i < k; ++i) picks[i] += row.start;
}

void floyd_rows_generic(PhiloxKey key, std::uint32_t purpose, std::uint32_t k, std::span<const FloydRow> rows,
                        std::uint32_t* out) {
  for (const FloydRow& row : rows) scalar_row(key, purpose, k, row, out);
}

void row_words_generic(PhiloxKey key, std::uint32_t purpose, std::uint32_t tiles,
                       std::span<const FloydRow> rows, std::uint32_t* out) {
  for (const FloydRow& row : rows) {
    const DrawStream stream{key, row.node, purpose, row.root};
    for (std::uint32_t block = 0; block < 4 * tiles; ++block, out += 4) {
      const PhiloxBlock words = stream.block(block);
      for (int i = 0; i < 4; ++i) out[i] = words.word[i];
    }
  }
}

#ifdef WEFT_X86
#if defined(__clang__)  // which takes the width from the intrinsics
#define WEFT_AVX512 __attribute__((target("avx512f,avx512cd,avx512dq,avx512vl")))
#else
#define WEFT_AVX512 __attribute__((target("avx512f,avx512cd,avx512dq,avx512vl,prefer-vector-width=512")))
#endif

constexpr __mmask8 kOddLanes = 0xAA;
constexpr __mmask16 kOddWords = 0xAAAA;
// Past this many picks, comparing each with all earlier ones costs more than the scalar form's filter.
constexpr std::uint32_t kMostSettledTogether = 128;

struct Words16 {
  __m512i a, b;
};

// Words 16 * tile .. + 15 of two rows' streams. Lane = block; even lanes are row a's, odd lanes row b's.
WEFT_AVX512 inline Words16 two_streams(PhiloxKey key, std::uint32_t purpose, const FloydRow& a,
                                       const FloydRow& b, std::uint32_t tile) {
  const __m512i multiplier0 = _mm512_set1_epi64(0xD2511F53);
  const __m512i multiplier1 = _mm512_set1_epi64(0xCD9E8D57);
  __m512i c0 = _mm512_mask_blend_epi64(kOddLanes, _mm512_set1_epi64(a.node), _mm512_set1_epi64(b.node));
  __m512i c1 = _mm512_set1_epi64(purpose);
  __m512i c2 = _mm512_add_epi64(_mm512_set1_epi64(4 * tile), _mm512_set_epi64(3, 3, 2, 2, 1, 1, 0, 0));
  __m512i c3 = _mm512_mask_blend_epi64(kOddLanes, _mm512_set1_epi64(a.root), _mm512_set1_epi64(b.root));
  // Upper halves hold rubbish on the way: multiplications read the lower ones alone.
  for (int round = 0; round < 10; ++round) {
    const __m512i product0 = _mm512_mul_epu32(multiplier0, c0);
    const __m512i product1 = _mm512_mul_epu32(multiplier1, c2);
    c0 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(product1, 32), c1, _mm512_set1_epi64(key.k0),
                                   0x96);  // xor of three
    c2 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(product0, 32), c3, _mm512_set1_epi64(key.k1), 0x96);
    c1 = product1;
    c3 = product0;
    key.k0 += 0x9E3779B9u;
    key.k1 += 0xBB67AE85u;
  }
  const __m512i low = _mm512_mask_blend_epi32(kOddWords, c0, _mm512_slli_epi64(c1, 32));
  const __m512i high = _mm512_mask_blend_epi32(kOddWords, c2, _mm512_slli_epi64(c3, 32));
  return {_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high)};
}

// Steps 16 * tile .. of one row, from their words. False if a word was rejected: the scalar form settles
// that.
WEFT_AVX512 inline bool settle(__m512i words, std::uint32_t k, const FloydRow& row, std::uint32_t tile,
                               std::uint32_t* picks) {
  const std::uint32_t base = 16 * tile;
  const std::uint32_t steps = k - base;
  const auto valid = static_cast<__mmask16>(steps >= 16 ? 0xFFFFu : (1u << steps) - 1);
  const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const std::uint32_t first_last = row.length - k + base;
  const __m512i last = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(first_last)), lane);
  const __m512i range = _mm512_add_epi32(last, _mm512_set1_epi32(1));
  const __m512i even = _mm512_mul_epu32(words, range);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(words, 32), _mm512_srli_epi64(range, 32));
  const __m512i candidate = _mm512_mask_blend_epi32(kOddWords, _mm512_srli_epi64(even, 32), odd);
  const __m512i rest = _mm512_mask_blend_epi32(kOddWords, even, _mm512_slli_epi64(odd, 32));
  if (_mm512_mask_cmplt_epu32_mask(valid, rest, range) != 0) return false;

  const __m512i conflict = _mm512_conflict_epi32(candidate);
  std::uint32_t taken = _mm512_mask_test_epi32_mask(valid, conflict, conflict);
  for (std::uint32_t earlier = 0; earlier < base; ++earlier) {
    const __m512i pick = _mm512_set1_epi32(static_cast<int>(picks[earlier] - row.start));
    taken |= _mm512_mask_cmpeq_epi32_mask(valid, candidate, pick);
  }
  std::uint32_t replacements =
      _mm512_mask_cmpge_epu32_mask(valid, candidate, _mm512_set1_epi32(static_cast<int>(first_last)));
  if (taken != 0 && replacements != 0) {
    alignas(64) std::uint32_t candidates[16];
    _mm512_store_si512(candidates, candidate);
    for (; replacements != 0; replacements &= replacements - 1) {
      const auto step = static_cast<std::uint32_t>(__builtin_ctz(replacements));
      taken |= (taken >> (candidates[step] - first_last) & 1u) << step;
    }
  }
  const __m512i pick = _mm512_mask_mov_epi32(candidate, static_cast<__mmask16>(taken), last);
  _mm512_mask_storeu_epi32(picks + base, valid,
                           _mm512_add_epi32(pick, _mm512_set1_epi32(static_cast<int>(row.start))));
  return true;
}

WEFT_AVX512 void floyd_rows_avx512(PhiloxKey key, std::uint32_t purpose, std::uint32_t k,
                                   std::span<const FloydRow> rows, std::uint32_t* out) {
  if (k > kMostSettledTogether) return floyd_rows_generic(key, purpose, k, rows, out);
  for (std::size_t i = 0; i < rows.size(); i += 2) {
    const FloydRow& a = rows[i];
    const FloydRow& b = rows[i + 1 < rows.size() ? i + 1 : i];
    bool settled_a = true;
    bool settled_b = true;
    for (std::uint32_t tile = 0; 16 * tile < k; ++tile) {
      const Words16 words = two_streams(key, purpose, a, b, tile);
      settled_a = settled_a && settle(words.a, k, a, tile, out + a.at);
      settled_b = settled_b && settle(words.b, k, b, tile, out + b.at);
    }
    if (!settled_a) scalar_row(key, purpose, k, a, out);
    if (!settled_b) scalar_row(key, purpose, k, b, out);
  }
}

WEFT_AVX512 void row_words_avx512(PhiloxKey key, std::uint32_t purpose, std::uint32_t tiles,
                                  std::span<const FloydRow> rows, std::uint32_t* out) {
  const std::size_t stride = std::size_t{16} * tiles;
  for (std::size_t i = 0; i < rows.size(); i += 2) {
    const std::size_t other = i + 1 < rows.size() ? i + 1 : i;
    for (std::uint32_t tile = 0; tile < tiles; ++tile) {
      const Words16 words = two_streams(key, purpose, rows[i], rows[other], tile);
      _mm512_storeu_si512(out + i * stride + 16 * tile, words.a);
      _mm512_storeu_si512(out + other * stride + 16 * tile, words.b);
    }
  }
}

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512cd") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
}
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#else
bool has_avx512() {
  return false;
}
#endif

bool uses_avx512() {
  static const bool chosen = instructions() == Instructions::kAvx512 && has_avx512();
  return chosen;
}

}  // namespace

void floyd_rows(PhiloxKey key, std::uint32_t purpose, std::uint32_t k, std::span<const FloydRow> rows,
                std::uint32_t* out) {
#ifdef WEFT_X86
  if (uses_avx512()) return floyd_rows_avx512(key, purpose, k, rows, out);
#endif
  floyd_rows_generic(key, purpose, k, rows, out);
}

void row_words(PhiloxKey key, std::uint32_t purpose, std::uint32_t tiles, std::span<const FloydRow> rows,
               std::uint32_t* out) {
#ifdef WEFT_X86
  if (uses_avx512()) return row_words_avx512(key, purpose, tiles, rows, out);
#endif
  row_words_generic(key, purpose, tiles, rows, out);
}

std::string pick_instructions() {
  return uses_avx512() ? "avx512" : "generic";
}

namespace internal {

bool floyd_rows_with(const std::string& instructions, PhiloxKey key, std::uint32_t purpose, std::uint32_t k,
                     std::span<const FloydRow> rows, std::uint32_t* out) {
  if (instructions == "generic") {
    floyd_rows_generic(key, purpose, k, rows, out);
    return true;
  }
#ifdef WEFT_X86
  if (instructions == "avx512" && has_avx512()) {
    floyd_rows_avx512(key, purpose, k, rows, out);
    return true;
  }
#endif
  return false;
}

bool row_words_with(const std::string& instructions, PhiloxKey key, std::uint32_t purpose,
                    std::uint32_t tiles, std::span<const FloydRow> rows, std::uint32_t* out) {
  if (instructions == "generic") {
    row_words_generic(key, purpose, tiles, rows, out);
    return true;
  }
#ifdef WEFT_X86
  if (instructions == "avx512" && has_avx512()) {
    row_words_avx512(key, purpose, tiles, rows, out);
    return true;
  }
#endif
  return false;
}

}  // namespace internal

}  // namespace weft::sampling
