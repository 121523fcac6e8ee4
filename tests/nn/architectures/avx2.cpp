#include "all_kernels.hpp"

#include <type_traits>

using gtap::nn::kernels::default_arch;
static_assert(std::is_base_of_v<xsimd::avx2, default_arch>);

auto avx2_float_kernels() {
  return gtap_test::all_kernels<default_arch, float>();
}
auto avx2_double_kernels() {
  return gtap_test::all_kernels<default_arch, double>();
}
