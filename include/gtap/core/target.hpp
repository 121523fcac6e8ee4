#pragma once

// Files compiled for different processors must not meet in one program: they share inline
// functions, the library's, Eigen's and the standard library's, which compute, round, align and
// allocate as one of the files needs, and which one is the linker's choice. No type shows it, so
// each file defines one strong symbol in a section group named for its processor. The linker merges
// groups of one name. Two names define the symbol twice, and it refuses, by the symbol's name and
// mostly by the sections' names:
//
//   b.o:(.rodata.gtap_compiled_for_avx2_fma): multiple definition of
//   `gtap_all_files_of_a_program_need_the_same_march_flags';
//   a.o:(.rodata.gtap_compiled_for_sse2): first defined here
//
// The symbol is hidden, so that a shared library that hides its other symbols, too, may differ.
#if defined(__ELF__)

// What decides how sums are rounded, and how wide and how aligned packets of numbers are.
#if defined(__AVX512DQ__)
#define GTAP_DETAIL_SIMD "avx512dq"
#elif defined(__AVX512F__)
#define GTAP_DETAIL_SIMD "avx512f"
#elif defined(__AVX2__)
#define GTAP_DETAIL_SIMD "avx2"
#elif defined(__AVX__)
#define GTAP_DETAIL_SIMD "avx"
#elif defined(__SSE4_1__)
#define GTAP_DETAIL_SIMD "sse4_1"
#elif defined(__SSE3__)
#define GTAP_DETAIL_SIMD "sse3"
#elif defined(__SSE2__)
#define GTAP_DETAIL_SIMD "sse2"
#elif defined(__ARM_FEATURE_SVE)
#define GTAP_DETAIL_SIMD "sve"
#elif defined(__ARM_NEON)
#define GTAP_DETAIL_SIMD "neon"
#else
#define GTAP_DETAIL_SIMD "none"
#endif

#if defined(__FMA__) || defined(__FMA4__) || defined(__ARM_FEATURE_FMA)
#define GTAP_DETAIL_TARGET GTAP_DETAIL_SIMD "_fma"
#else
#define GTAP_DETAIL_TARGET GTAP_DETAIL_SIMD
#endif

namespace gtap::detail {

// Never called. In a function, one name a processor, since with -flto functions are merged and
// plain assembly is not.
[[gnu::used]] inline void mark_target() __asm__("gtap_compiled_for_" GTAP_DETAIL_TARGET);
inline void mark_target() {
  __asm__(".pushsection .rodata.gtap_compiled_for_" GTAP_DETAIL_TARGET
          ",\"aG\",%%progbits,gtap_target_" GTAP_DETAIL_TARGET
          ",comdat\n"
          ".globl gtap_all_files_of_a_program_need_the_same_march_flags\n"
          ".hidden gtap_all_files_of_a_program_need_the_same_march_flags\n"
          "gtap_all_files_of_a_program_need_the_same_march_flags:\n"
          ".byte 0\n"
          ".popsection\n" ::);
}

}  // namespace gtap::detail

#undef GTAP_DETAIL_TARGET
#undef GTAP_DETAIL_SIMD
#endif
