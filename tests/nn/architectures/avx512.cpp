#include "all_kernels.hpp"

#include <type_traits>

using gtap::nn::kernels::default_arch;
static_assert(std::is_base_of_v<xsimd::avx512f, default_arch>);

auto avx512_float_kernels() {
  return gtap_test::all_kernels<default_arch, float>();
}
auto avx512_double_kernels() {
  return gtap_test::all_kernels<default_arch, double>();
}
