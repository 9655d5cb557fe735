// Which vector instructions the kernels use, decided at run time.
#pragma once

namespace weft {

// Ascending: what one has, the next has too.
enum class Instructions { kGeneric, kAvx2, kAvx512 };

// The best that the processor has, or a lesser one that the environment variable WEFT_INSTRUCTIONS names
// ("generic", "avx2", "avx512"): so the same tests run on each. Read once. Throws Error (kUsage) on another
// name.
Instructions instructions();

// "generic", "avx2" or "avx512".
const char* name_of(Instructions instructions);

// The one of three functions that instructions() asks for.
template <typename Function>
Function* choose(Function* generic, Function* avx2, Function* avx512) {
  const Instructions level = instructions();
  return level == Instructions::kAvx512 ? avx512 : level == Instructions::kAvx2 ? avx2 : generic;
}

}  // namespace weft

// What a function needs to be compiled for a level. Off x86 all levels are the plain one.
#if defined(__x86_64__)
#define WEFT_TARGET_AVX2 __attribute__((target("avx2,fma")))
#ifdef __clang__
#define WEFT_TARGET_AVX512 __attribute__((target("avx512f,avx2,fma")))
#else
#define WEFT_TARGET_AVX512 __attribute__((target("avx512f,avx2,fma,prefer-vector-width=512")))
#endif
#else
#define WEFT_TARGET_AVX2
#define WEFT_TARGET_AVX512
#endif
