#pragma once

#include <gtap/nn/kernels/arch.hpp>

#include <concepts>

namespace gtap::nn::kernels::detail {

/// exp(x) for x <= 0, the case of softmax: relative error below 2e-7 for x > -87, at most 2e-38
/// below that. NaN stays NaN. Faster than a general exp: no overflow, no denormals.
template <class P>
P exp_negative(const P& x) {
  using T = typename P::value_type;
  if constexpr (!std::same_as<T, float> || P::size == 1) {
    return exp(x);
  } else {
    // 2^n 2^f with n = x log2(e) rounded, by adding a number whose last bit is worth 1.
    const P log2e_high(0x1.715476p+0f);
    const P log2e_low(0x1.4ae0c0p-26f);
    const P rounder(0x1.8p+23f);
    const P t = max(P(-87.0f), x);  // in this order a NaN comes through
    const P n = multiply_add(t, log2e_high, rounder) - rounder;
    const P f = multiply_add(t, log2e_low, multiply_add(t, log2e_high, -n));
    // Minimax for 2^f on [-1/2, 1/2], relative error 3e-9.
    P p = multiply_add(P(1.5461445e-4f), f, P(1.3400428e-3f));
    p = multiply_add(p, f, P(9.6180567e-3f));
    p = multiply_add(p, f, P(5.5503272e-2f));
    p = multiply_add(p, f, P(2.4022651e-1f));
    p = multiply_add(p, f, P(6.9314721e-1f));
    p = multiply_add(p, f, P(1.0f));
    return xsimd::ldexp(p, xsimd::to_int(n));
  }
}

}  // namespace gtap::nn::kernels::detail
