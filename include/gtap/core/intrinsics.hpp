#pragma once

#include <gtap/core/target.hpp>

// The processor's intrinsics, before Eigen or xsimd include them. For AVX-512, g++ below 14 defines
// an undefined register by `__m512 y = y`, and warns of that wherever a function with one is
// inlined (https://gcc.gnu.org/PR105593), as in Eigen's products and sums. The place that it names
// is the compiler's own header: that alone is excused, and the same flaw elsewhere is still found.
#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif
