#pragma once
#include <gtap/nn/kernels/conv2d.hpp>

#include <algorithm>
namespace gtap::nn::detail {
template <class T>
void conv2d_weight_gradient(const kernels::ConvGeometry& g, const T* in, const T* dout,
                            T* dweight) {
  constexpr std::size_t L = 64;
  const std::size_t gi = g.in.channels / g.groups, go = g.out.channels / g.groups;
  const std::size_t kk = g.kernel.height * g.kernel.width;
  for (std::size_t o = 0; o < g.out.channels; ++o)
    for (std::size_t c = 0; c < gi; ++c)
      for (std::size_t ky = 0; ky < g.kernel.height; ++ky)
        for (std::size_t kx = 0; kx < g.kernel.width; ++kx) {
          T acc[L] = {};
          for (std::size_t y = 0; y < g.out.height; ++y)
            for (std::size_t x = 0; x < g.out.width; ++x) {
              const std::size_t iy = y * g.stride.height + ky - g.padding.height,
                                ix = x * g.stride.width + kx - g.padding.width;
              if (iy >= g.in.height || ix >= g.in.width) continue;
              const T* p = in + (((o / go * gi + c) * g.in.height + iy) * g.in.width + ix) * L;
              const T* q = dout + ((o * g.out.height + y) * g.out.width + x) * L;
              for (std::size_t l = 0; l < L; ++l)
                acc[l] += q[l] * p[l];
            }
          T s = 0;
          for (std::size_t l = 0; l < L; ++l)
            s += acc[l];
          dweight[o * gi * kk + c * kk + ky * g.kernel.width + kx] += s;
        }
}
template <class T>
void conv2d_input_gradient(const kernels::ConvGeometry& g, const T* weight, const T* dout, T* din) {
  constexpr std::size_t L = 64;
  const std::size_t gi = g.in.channels / g.groups, go = g.out.channels / g.groups;
  const std::size_t kk = g.kernel.height * g.kernel.width;
  std::fill(din, din + g.in.size() * L, T(0));
  for (std::size_t o = 0; o < g.out.channels; ++o)
    for (std::size_t y = 0; y < g.out.height; ++y)
      for (std::size_t x = 0; x < g.out.width; ++x) {
        const T* q = dout + ((o * g.out.height + y) * g.out.width + x) * L;
        for (std::size_t c = 0; c < gi; ++c)
          for (std::size_t ky = 0; ky < g.kernel.height; ++ky)
            for (std::size_t kx = 0; kx < g.kernel.width; ++kx) {
              const std::size_t iy = y * g.stride.height + ky - g.padding.height,
                                ix = x * g.stride.width + kx - g.padding.width;
              if (iy >= g.in.height || ix >= g.in.width) continue;
              const T w = weight[o * gi * kk + c * kk + ky * g.kernel.width + kx];
              T* p = din + (((o / go * gi + c) * g.in.height + iy) * g.in.width + ix) * L;
              for (std::size_t l = 0; l < L; ++l)
                p[l] += w * q[l];
            }
      }
}
}  // namespace gtap::nn::detail
