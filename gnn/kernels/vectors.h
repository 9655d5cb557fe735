// A register of floats for each level of instructions, with one interface: lanes, loads and stores of float32
// and of bfloat16, whole or the first n lanes, and a multiply-add. For the kernels' .cc files alone.
#pragma once

#include <cstddef>
#include <cstring>

#include "base/instructions.h"
#include "gnn/kernels/bfloat16.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weft::gnn {

// Four floats in the compiler's own vector type: what every processor has, or plain code.
struct GenericVector {
  static constexpr std::size_t kLanes = 4;
  static constexpr bool kPairs = false;
  using Type = float __attribute__((vector_size(16)));

  static Type zero() { return Type{}; }
  static Type all(float value) { return Type{value, value, value, value}; }
  static Type load(const float* p) {
    Type v;
    std::memcpy(&v, p, sizeof v);
    return v;
  }
  static Type load(const BFloat16* p) {
    return Type{to_float(p[0]), to_float(p[1]), to_float(p[2]), to_float(p[3])};
  }
  template <typename T>
  static Type load_first(const T* p, std::size_t n) {
    Type v{};
    for (std::size_t i = 0; i < n; ++i) v[i] = to_float(p[i]);
    return v;
  }
  static void store(float* p, Type v) { std::memcpy(p, &v, sizeof v); }
  static void store(BFloat16* p, Type v) { store_first(p, v, kLanes); }
  static void store_first(float* p, Type v, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) p[i] = v[i];
  }
  static void store_first(BFloat16* p, Type v, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) p[i] = to_bfloat16(v[i]);
  }
  static Type add(Type a, Type b) { return a + b; }
  static Type multiply(Type a, Type b) { return a * b; }
  static Type multiply_add(Type a, Type b, Type c) { return a * b + c; }
};

#if defined(__x86_64__)

#define WEFT_INLINE [[gnu::always_inline]] static inline WEFT_TARGET_AVX2
struct Avx2Vector {
  static constexpr std::size_t kLanes = 8;
  static constexpr bool kPairs = false;
  using Type = __m256;

  WEFT_INLINE Type zero() { return _mm256_setzero_ps(); }
  WEFT_INLINE Type all(float value) { return _mm256_set1_ps(value); }
  WEFT_INLINE Type load(const float* p) { return _mm256_loadu_ps(p); }
  WEFT_INLINE Type load(const BFloat16* p) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  template <typename T>
  WEFT_INLINE Type load_first(const T* p, std::size_t n) {
    T whole[kLanes] = {};
    for (std::size_t i = 0; i < n; ++i) whole[i] = p[i];
    return load(whole);
  }
  WEFT_INLINE void store(float* p, Type v) { _mm256_storeu_ps(p, v); }
  WEFT_INLINE void store(BFloat16* p, Type v) { store_first(p, v, kLanes); }
  template <typename T>
  WEFT_INLINE void store_first(T* p, Type v, std::size_t n) {
    float whole[kLanes];
    _mm256_storeu_ps(whole, v);
    for (std::size_t i = 0; i < n; ++i) put(p + i, whole[i]);
  }
  WEFT_INLINE Type add(Type a, Type b) { return _mm256_add_ps(a, b); }
  WEFT_INLINE Type multiply(Type a, Type b) { return _mm256_mul_ps(a, b); }
  WEFT_INLINE Type multiply_add(Type a, Type b, Type c) { return _mm256_fmadd_ps(a, b, c); }

 private:
  WEFT_INLINE void put(float* p, float value) { *p = value; }
  WEFT_INLINE void put(BFloat16* p, float value) { *p = to_bfloat16(value); }
};
#undef WEFT_INLINE

#define WEFT_INLINE [[gnu::always_inline]] static inline WEFT_TARGET_AVX512
struct Avx512Vector {
  static constexpr std::size_t kLanes = 16;
  static constexpr bool kPairs = true;  // has the next four
  using Type = __m512;

  WEFT_INLINE Type zero() { return _mm512_setzero_ps(); }
  WEFT_INLINE Type all(float value) { return _mm512_set1_ps(value); }
  WEFT_INLINE Type load(const float* p) { return _mm512_loadu_ps(p); }
  WEFT_INLINE Type load(const BFloat16* p) {
    return widened(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  WEFT_INLINE Type load_first(const float* p, std::size_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
  WEFT_INLINE Type load_first(const BFloat16* p, std::size_t n) {
    BFloat16 whole[kLanes] = {};
    for (std::size_t i = 0; i < n; ++i) whole[i] = p[i];
    return load(whole);
  }
  WEFT_INLINE void store(float* p, Type v) { _mm512_storeu_ps(p, v); }
  WEFT_INLINE void store(BFloat16* p, Type v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrowed(v));
  }
  // 2 x kLanes bfloat16: those at even places are the lower halves of each 32 bits.
  WEFT_INLINE __m512i load_pair(const BFloat16* p) { return _mm512_loadu_si512(p); }
  WEFT_INLINE Type even_of(__m512i pair) {
    return _mm512_castsi512_ps(_mm512_maskz_slli_epi32(kAll, pair, 16));
  }
  WEFT_INLINE Type odd_of(__m512i pair) {
    return _mm512_castsi512_ps(_mm512_and_epi32(pair, _mm512_set1_epi32(static_cast<int>(0xFFFF0000U))));
  }
  // The first or the second kLanes of even[0], odd[0], even[1], odd[1], ...
  WEFT_INLINE Type in_order(Type even, Type odd, bool second) {
    const __m512i first_half = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i half = _mm512_add_epi32(first_half, _mm512_set1_epi32(second ? 8 : 0));
    return _mm512_permutex2var_ps(even, half, odd);
  }
  WEFT_INLINE void store_first(float* p, Type v, std::size_t n) { _mm512_mask_storeu_ps(p, first(n), v); }
  WEFT_INLINE void store_first(BFloat16* p, Type v, std::size_t n) {
    BFloat16 whole[kLanes];
    store(whole, v);
    for (std::size_t i = 0; i < n; ++i) p[i] = whole[i];
  }
  WEFT_INLINE Type add(Type a, Type b) { return _mm512_add_ps(a, b); }
  WEFT_INLINE Type multiply(Type a, Type b) { return _mm512_mul_ps(a, b); }
  WEFT_INLINE Type multiply_add(Type a, Type b, Type c) { return _mm512_fmadd_ps(a, b, c); }

 private:
  // Masked forms: GCC 12 warns of the others, whose masked-off lanes it leaves undefined.
  static constexpr __mmask16 kAll = 0xFFFF;
  WEFT_INLINE __mmask16 first(std::size_t n) { return static_cast<__mmask16>((1U << n) - 1); }
  WEFT_INLINE Type widened(__m256i halves) {
    return _mm512_castsi512_ps(_mm512_maskz_slli_epi32(kAll, _mm512_maskz_cvtepu16_epi32(kAll, halves), 16));
  }
  WEFT_INLINE __m256i narrowed(Type v) {
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i upper = _mm512_maskz_srli_epi32(kAll, bits, 16);
    const __m512i odd = _mm512_and_epi32(upper, _mm512_set1_epi32(1));
    const __m512i half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF));
    const __m512i rounded = _mm512_maskz_srli_epi32(kAll, _mm512_add_epi32(bits, half), 16);
    const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    const __m512i quiet = _mm512_or_epi32(upper, _mm512_set1_epi32(0x40));
    return _mm512_maskz_cvtepi32_epi16(kAll, _mm512_mask_mov_epi32(rounded, nan, quiet));
  }
};
#undef WEFT_INLINE

#endif

}  // namespace weft::gnn
