#pragma once

#include <gtap/nn/kernels/arch.hpp>

#include <cstddef>

namespace gtap::nn::kernels {

/// A function applied to each number by itself. `slope` is that of leaky_relu for negative numbers,
/// `low` and `high` are the limits of clip.
struct Activation {
  enum Kind { none, relu, leaky_relu, sigmoid, tanh, gelu, silu, hard_sigmoid, hard_swish, clip };
  Kind kind = none;
  double slope = 0.01;
  double low = 0.0;
  double high = 6.0;
};

namespace detail {

/// Calls `function` on packs of a numbers of `in` and writes what it returns; may work in place.
template <class Arch, class T, class Function>
void map(const T* in, T* out, std::size_t numbers, Function function) {
  using P = Pack<T, Arch>;
  for (std::size_t i = 0; i < numbers; i += P::size)
    function(P::load_aligned(in + i)).store_aligned(out + i);
}

template <class P>
P sigmoid_of(const P& x) {
  using T = typename P::value_type;
  return P(T{1}) / (P(T{1}) + exp(-x));
}

/// Phi(x), the normal distribution function.
template <class P>
P normal_cdf(const P& x) {
  using T = typename P::value_type;
  return P(T(0.5)) * (P(T{1}) + erf(x * P(T(0.70710678118654752440))));
}

/// x between the limits; a NaN comes through.
template <class P>
P clipped(const P& x, const P& low, const P& high) {
  return select(x > high, high, larger(low, x));
}

template <class P>
P hard_sigmoid_of(const P& x) {
  using T = typename P::value_type;
  return clipped(multiply_add(x, P(T{1} / T{6}), P(T(0.5))), P(T{0}), P(T{1}));
}

}  // namespace detail

/// out = activation(in) on contiguous rows: `numbers` is a multiple of 64. In place where in ==
/// out. gelu is the exact form x Phi(x).
template <class Arch = default_arch, class T>
void activate(Activation activation, const T* in, T* out, std::size_t numbers) {
  using P = detail::Pack<T, Arch>;
  const P zero(T{0});
  switch (activation.kind) {
    case Activation::none:
      if (in != out) detail::map<Arch>(in, out, numbers, [](const P& x) { return x; });
      break;
    case Activation::relu:
      detail::map<Arch>(in, out, numbers, [=](const P& x) { return detail::larger(zero, x); });
      break;
    case Activation::leaky_relu: {
      const P slope(static_cast<T>(activation.slope));
      detail::map<Arch>(in, out, numbers,
                        [=](const P& x) { return select(x > zero, x, slope * x); });
      break;
    }
    case Activation::sigmoid:
      detail::map<Arch>(in, out, numbers, [](const P& x) { return detail::sigmoid_of(x); });
      break;
    case Activation::tanh:
      detail::map<Arch>(in, out, numbers, [](const P& x) { return tanh(x); });
      break;
    case Activation::gelu:
      detail::map<Arch>(in, out, numbers, [](const P& x) { return x * detail::normal_cdf(x); });
      break;
    case Activation::silu:
      detail::map<Arch>(in, out, numbers, [](const P& x) { return x * detail::sigmoid_of(x); });
      break;
    case Activation::hard_sigmoid:
      detail::map<Arch>(in, out, numbers, [](const P& x) { return detail::hard_sigmoid_of(x); });
      break;
    case Activation::hard_swish:
      detail::map<Arch>(in, out, numbers,
                        [](const P& x) { return x * detail::hard_sigmoid_of(x); });
      break;
    case Activation::clip: {
      const P low(static_cast<T>(activation.low));
      const P high(static_cast<T>(activation.high));
      detail::map<Arch>(in, out, numbers,
                        [=](const P& x) { return detail::clipped(x, low, high); });
      break;
    }
  }
}

/// out = activation(scale * in + shift) on contiguous rows: batch norm of a channel, or a bias,
/// with what follows it. relu is done in the same pass. In place where in == out.
template <class Arch = default_arch, class T>
void affine(T scale, T shift, const T* in, T* out, std::size_t numbers,
            Activation activation = {}) {
  using P = detail::Pack<T, Arch>;
  const P a(scale);
  const P b(shift);
  if (activation.kind == Activation::relu) {
    const P zero(T{0});
    detail::map<Arch>(in, out, numbers, [=](const P& x) {
      return detail::larger(zero, detail::multiply_add(a, x, b));
    });
    return;
  }
  detail::map<Arch>(in, out, numbers, [=](const P& x) { return detail::multiply_add(a, x, b); });
  if (activation.kind != Activation::none) activate<Arch>(activation, out, out, numbers);
}

}  // namespace gtap::nn::kernels
