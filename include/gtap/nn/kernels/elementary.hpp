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
    // 2^n e^r: n is x log2(e), rounded by adding a number whose last bit is worth 1; r = x - n ln 2
    // by the two parts of ln 2 (Cody and Waite), of which n times the first is exact.
    const P log2e(0x1.715476p+0f);
    const P ln2_high(0.693359375f);
    const P ln2_low(-2.12194440e-4f);
    const P rounder(0x1.8p+23f);
    const P t = larger(P(-87.0f), x);  // in this order a NaN comes through
    const P n = multiply_add(t, log2e, rounder) - rounder;
    const P r = multiply_add(-n, ln2_low, multiply_add(-n, ln2_high, t));
    // Minimax for e^r on [-ln 2 / 2, ln 2 / 2], relative error 2e-8.
    P p = multiply_add(P(1.3941109e-03f), r, P(8.3751263e-03f));
    p = multiply_add(p, r, P(4.1666353e-02f));
    p = multiply_add(p, r, P(1.6666415e-01f));
    p = multiply_add(p, r, P(5.0000001e-01f));
    p = multiply_add(p, r, P(1.0f));
    p = multiply_add(p, r, P(1.0f));
    return xsimd::ldexp(p, xsimd::to_int(n));
  }
}

}  // namespace gtap::nn::kernels::detail
