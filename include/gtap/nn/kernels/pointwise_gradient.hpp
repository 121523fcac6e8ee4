#pragma once

#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/kernels/pool.hpp>

#include <cstddef>

namespace gtap::nn::kernels {

namespace detail {

/// dz = dy * slope(z).
template <class Arch, class T, class Slope>
void chain_rule(const T* z, const T* dy, T* dz, std::size_t numbers, Slope slope) {
  using P = Pack<T, Arch>;
  for (std::size_t i = 0; i < numbers; i += P::size)
    (P::load_aligned(dy + i) * slope(P::load_aligned(z + i))).store_aligned(dz + i);
}

}  // namespace detail

/// dz = dy * activation'(z) on contiguous rows, where z is what the activation was applied to. The
/// slope of relu and leaky_relu at 0 is that of negative numbers, as in PyTorch. dz may be dy or z.
template <class Arch = default_arch, class T>
void activate_gradient(Activation activation, const T* z, const T* dy, T* dz, std::size_t numbers) {
  using P = detail::Pack<T, Arch>;
  const P zero(T{0});
  const P one(T{1});
  switch (activation.kind) {
    case Activation::none:
      detail::chain_rule<Arch>(z, dy, dz, numbers, [=](const P&) { return one; });
      break;
    case Activation::relu:
      detail::chain_rule<Arch>(z, dy, dz, numbers,
                               [=](const P& x) { return select(x > zero, one, zero); });
      break;
    case Activation::leaky_relu: {
      const P slope(static_cast<T>(activation.slope));
      detail::chain_rule<Arch>(z, dy, dz, numbers,
                               [=](const P& x) { return select(x > zero, one, slope); });
      break;
    }
    case Activation::sigmoid:
      detail::chain_rule<Arch>(z, dy, dz, numbers, [=](const P& x) {
        const P y = detail::sigmoid_of(x);
        return y * (one - y);
      });
      break;
    case Activation::tanh:
      detail::chain_rule<Arch>(z, dy, dz, numbers, [=](const P& x) {
        const P y = tanh(x);
        return one - y * y;
      });
      break;
    case Activation::gelu:
      detail::chain_rule<Arch>(z, dy, dz, numbers, [](const P& x) {
        const P density = P(T(0.39894228040143267794)) * exp(x * x * P(T(-0.5)));
        return detail::normal_cdf(x) + x * density;
      });
      break;
    case Activation::silu:
      detail::chain_rule<Arch>(z, dy, dz, numbers, [=](const P& x) {
        const P y = detail::sigmoid_of(x);
        return y * (one + x * (one - y));
      });
      break;
    case Activation::hard_sigmoid:
      detail::chain_rule<Arch>(z, dy, dz, numbers, [=](const P& x) {
        const P y = detail::hard_sigmoid_of(x);
        return select(y > zero, select(y < one, P(T{1} / T{6}), zero), zero);
      });
      break;
    case Activation::hard_swish:
      detail::chain_rule<Arch>(z, dy, dz, numbers, [=](const P& x) {
        const P y = detail::hard_sigmoid_of(x);
        return y + select(y > zero, select(y < one, x * P(T{1} / T{6}), zero), zero);
      });
      break;
    case Activation::clip: {
      const P low(static_cast<T>(activation.low));
      const P high(static_cast<T>(activation.high));
      detail::chain_rule<Arch>(z, dy, dz, numbers, [=](const P& x) {
        return select(x > low, select(x < high, one, zero), zero);
      });
      break;
    }
  }
}

/// dx += dy at the largest value of each window of one channel, the first of equals. `in` is what
/// was pooled and `out` what came of it.
template <class Arch = default_arch, class T>
void max_pool_gradient(const PoolGeometry& g, const T* in, const T* out, const T* dy, T* dx) {
  using P = detail::Pack<T, Arch>;
  const P zero(T{0});
  detail::for_each_window(g, [&](std::size_t pixel, const detail::Window& w) {
    for (std::size_t at = 0; at < row_size; at += P::size) {
      const P top = P::load_aligned(out + pixel * row_size + at);
      P rest = P::load_aligned(dy + pixel * row_size + at);  // what no pixel has taken yet
      for (std::size_t iy = w.y0; iy < w.y1; ++iy) {
        for (std::size_t ix = w.x0; ix < w.x1; ++ix) {
          const std::size_t place = (iy * g.in.width + ix) * row_size + at;
          const auto hit = P::load_aligned(in + place) == top;
          (P::load_aligned(dx + place) + select(hit, rest, zero)).store_aligned(dx + place);
          rest = select(hit, zero, rest);
        }
      }
    }
  });
}

/// dx += dy / pixels of the window's mean for each pixel of each window of one channel.
template <class Arch = default_arch, class T>
void avg_pool_gradient(const PoolGeometry& g, const T* dy, T* dx) {
  using P = detail::Pack<T, Arch>;
  detail::for_each_window(g, [&](std::size_t pixel, const detail::Window& w) {
    const P share(detail::window_share<T>(g, w));
    for (std::size_t at = 0; at < row_size; at += P::size) {
      const P value = share * P::load_aligned(dy + pixel * row_size + at);
      for (std::size_t iy = w.y0; iy < w.y1; ++iy) {
        for (std::size_t ix = w.x0; ix < w.x1; ++ix) {
          T* const to = dx + (iy * g.in.width + ix) * row_size + at;
          (P::load_aligned(to) + value).store_aligned(to);
        }
      }
    }
  });
}

/// dx += dy / pixels for each pixel of one channel.
template <class Arch = default_arch, class T>
void global_avg_pool_gradient(std::size_t pixels, const T* dy, T* dx) {
  avg_pool_gradient<Arch>(detail::global_window(pixels), dy, dx);
}

}  // namespace gtap::nn::kernels
