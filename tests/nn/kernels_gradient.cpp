#include <gtap/nn/kernels/conv2d.hpp>
#include <gtap/nn/kernels/dense.hpp>
#include <gtap/nn/kernels/gradient.hpp>

#include "catch.hpp"
#include "nn/kernels_support.hpp"

#include <algorithm>

using namespace gtap_test;
using gtap::nn::Extent;
using gtap::nn::Shape;
using gtap::nn::kernels::Activation;
using gtap::nn::kernels::ConvGeometry;
using gtap::nn::kernels::PoolGeometry;

namespace {

template <class T>
double dot(std::span<const T> a, std::span<const T> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// Layers are linear in the weight and in the input, so with F(w, x) = dot(dz, layer(w, x)) both
// dot(w, weight gradient) and dot(x, input gradient) equal F, for every w, x and dz.

template <class Arch, class T>
void check_conv_gradient(const ConvGeometry& g, double tolerance) {
  const auto ins = all(g.in.channels);
  const auto outs = all(g.out.channels);
  const auto weight = random_numbers<T>(g.out.channels * g.taps(), 1);
  const Rows<T> x(g.in.size(), row_size, 2);
  const Rows<T> dz(g.out.size(), row_size, 3);
  std::vector<T> gradient(weight.size(), T{0});
  kernels::conv2d_weight_gradient<Arch>(g, dz.data(), x.data(), gradient.data());
  Rows<T> dx(g.in.size());
  kernels::conv2d_input_gradient<Arch>(g, weight.data(), ins, outs, dz.data(), dx.data());
  CHECK(dx.guards_intact());

  // One weight or one input at a time: unit vectors make each number of the gradient visible.
  Rows<T> z(g.out.size());
  const T* const no_bias = nullptr;
  for (std::size_t w = 0; w < weight.size(); w += weight.size() / 23 + 1) {
    std::vector<T> unit(weight.size(), T{0});
    unit[w] = 1;
    kernels::conv2d<Arch>(g, unit.data(), no_bias, ins, outs, x.data(), z.data());
    REQUIRE(static_cast<double>(gradient[w]) ==
            Approx(dot<T>(dz.values(), z.values())).margin(tolerance));
  }
  for (std::size_t i = 5; i < x.values().size(); i += x.values().size() / 23 + 1) {
    Rows<T> unit(g.in.size());
    for (T& value : unit.values())
      value = 0;
    unit.data()[i] = 1;
    kernels::conv2d<Arch>(g, weight.data(), no_bias, ins, outs, unit.data(), z.data());
    REQUIRE(static_cast<double>(dx.data()[i]) ==
            Approx(dot<T>(dz.values(), z.values())).margin(tolerance));
  }
  kernels::conv2d<Arch>(g, weight.data(), no_bias, ins, outs, x.data(), z.data());
  const double f = dot<T>(dz.values(), z.values());
  CHECK(dot<T>(weight, gradient) == Approx(f).margin(30 * tolerance));
  CHECK(dot<T>(x.values(), dx.values()) == Approx(f).margin(30 * tolerance));

  Rows<T> twice(dx);
  kernels::conv2d_input_gradient<Arch>(g, weight.data(), ins, outs, dz.data(), twice.data(), true);
  for (std::size_t i = 0; i < dx.values().size(); ++i)
    REQUIRE(static_cast<double>(twice.data()[i]) ==
            Approx(2 * static_cast<double>(dx.data()[i])).margin(tolerance));
}

ConvGeometry geometry(Shape in, std::size_t outs, Extent kernel, Extent stride, Extent padding,
                      std::size_t groups) {
  const Shape out{outs, (in.height + 2 * padding.height - kernel.height) / stride.height + 1,
                  (in.width + 2 * padding.width - kernel.width) / stride.width + 1};
  return {in, out, kernel, stride, padding, groups};
}

}  // namespace

TEST_CASE("Gradients of a dense layer are sums over images and over outputs") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    for (const auto& [outs, ins] : {std::pair{1u, 1u}, {7u, 70u}, {13u, 130u}}) {
      const auto weight = random_numbers<float>(outs * ins, 1);
      const Rows<float> x(ins, row_size, 2);
      const Rows<float> dz(outs, row_size, 3);
      std::vector<float> gradient(outs * ins, 0.5f);
      kernels::dense_weight_gradient<Arch>(outs, ins, ins, dz.data(), x.data(), gradient.data());
      for (std::size_t o = 0; o < outs; ++o) {
        for (std::size_t i = 0; i < ins; ++i) {
          const double expected = dot<float>(dz.values().subspan(o * row_size, row_size),
                                             x.values().subspan(i * row_size, row_size));
          REQUIRE(static_cast<double>(gradient[o * ins + i]) ==
                  Approx(0.5 + expected).margin(1e-5));
        }
      }
      const auto in_rows = some(ins, 4);
      const auto out_rows = some(outs, 5);
      Rows<float> dx(ins);
      kernels::dense_input_gradient<Arch>(weight.data(), ins, in_rows, out_rows, dz.data(),
                                          dx.data());
      for (std::size_t i = 0; i < ins; ++i) {
        for (std::size_t lane = 0; lane < row_size; lane += 7) {
          double expected = 0;
          for (const std::uint32_t o : out_rows)
            expected += static_cast<double>(weight[o * ins + i]) * static_cast<double>(dz(o, lane));
          if (!contains(in_rows, i)) expected = static_cast<double>(Rows<float>::mark);
          REQUIRE(static_cast<double>(dx(i, lane)) == Approx(expected).margin(1e-5));
        }
      }
      CHECK(
          kernels::sum_rows<Arch>(dz.data(), outs * row_size) ==
          Approx(dot<float>(dz.values(), std::vector<float>(outs * row_size, 1.0f))).margin(1e-4));
      CHECK(dx.guards_intact());
    }
  });
}

TEST_CASE("Gradients of a convolution are those of a linear map") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    check_conv_gradient<Arch, float>(geometry({3, 6, 5}, 7, 3, 1, 1, 1), 1e-3);
    check_conv_gradient<Arch, float>(geometry({4, 7, 9}, 6, {3, 2}, {2, 3}, {1, 0}, 2), 1e-3);
  });
  using Arch = kernels::default_arch;
  check_conv_gradient<Arch, double>(geometry({3, 8, 7}, 5, 5, 1, 0, 1), 1e-11);
  check_conv_gradient<Arch, double>(geometry({6, 5, 5}, 6, 3, 2, 2, 6), 1e-11);
  check_conv_gradient<Arch, double>(geometry({2, 2, 3}, 3, 5, 1, 2, 1), 1e-11);
  check_conv_gradient<Arch, double>(geometry({2, 5, 4}, 40, 3, 1, 1, 1), 1e-11);
  check_conv_gradient<Arch, double>(geometry({3, 3, 3}, 3, 2, 3, 0, 1), 1e-11);
}

TEST_CASE("Slopes of activations are central differences") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    using T = double;
    if constexpr (!xsimd::types::has_simd_register<T, kernels::default_arch>::value) return;
    Rows<T> z(3, row_size, 1);
    for (T& value : z.values())
      value *= 4;
    const Rows<T> dy(3, row_size, 2);
    for (const auto kind : {Activation::none, Activation::relu, Activation::leaky_relu,
                            Activation::sigmoid, Activation::tanh, Activation::gelu}) {
      const Activation activation{kind, 0.25};
      const T h = 1e-6;
      Rows<T> up(z);
      Rows<T> down(z);
      for (std::size_t i = 0; i < z.values().size(); ++i) {
        up.data()[i] += h;
        down.data()[i] -= h;
      }
      kernels::activate<Arch>(activation, up.data(), up.data(), 3 * row_size);
      kernels::activate<Arch>(activation, down.data(), down.data(), 3 * row_size);
      Rows<T> dz(3);
      kernels::activate_gradient<Arch>(activation, z.data(), dy.data(), dz.data(), 3 * row_size);
      for (std::size_t i = 0; i < z.values().size(); ++i) {
        const T slope = (up.data()[i] - down.data()[i]) / (2 * h);
        REQUIRE(dz.data()[i] == Approx(dy.data()[i] * slope).margin(1e-8));
      }
    }
  });
}

TEST_CASE("Max pooling hands each gradient to the first of the largest") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    const PoolGeometry g{{5, 5}, {3, 3}, 3, 2, 1};
    Rows<float> in(25, row_size, 1);
    for (float& x : in.values())
      x = std::round(2 * x);  // with many ties
    Rows<float> out(9);
    kernels::max_pool<Arch>(g, in.data(), out.data());
    const Rows<float> dy(9, row_size, 2);
    Rows<float> dx(25);
    std::fill_n(dx.data(), 25 * row_size, 0.0f);
    kernels::max_pool_gradient<Arch>(g, in.data(), out.data(), dy.data(), dx.data());
    Rows<float> mean(25);
    std::fill_n(mean.data(), 25 * row_size, 0.0f);
    kernels::avg_pool_gradient<Arch>(g, dy.data(), mean.data());
    for (std::size_t lane = 0; lane < row_size; ++lane) {
      std::vector<double> expected(25, 0.0);
      std::vector<double> shares(25, 0.0);
      for (std::size_t pixel = 0; pixel < 9; ++pixel) {
        bool taken = false;
        for (std::size_t k = 0; k < 9; ++k) {
          const std::size_t iy = pixel / 3 * 2 + k / 3 - 1;  // wraps outside
          const std::size_t ix = pixel % 3 * 2 + k % 3 - 1;
          if (iy >= 5 || ix >= 5) continue;
          shares[iy * 5 + ix] += static_cast<double>(dy(pixel, lane)) / 9;
          if (taken || in(iy * 5 + ix, lane) != out(pixel, lane)) continue;
          expected[iy * 5 + ix] += static_cast<double>(dy(pixel, lane));
          taken = true;
        }
      }
      for (std::size_t i = 0; i < 25; ++i) {
        REQUIRE(static_cast<double>(dx(i, lane)) == Approx(expected[i]).margin(1e-6));
        REQUIRE(static_cast<double>(mean(i, lane)) == Approx(shares[i]).margin(1e-6));
      }
    }
    CHECK(dx.guards_intact());
  });
  const Rows<float> dy(1, row_size, 2);
  Rows<float> dx(4);
  std::fill_n(dx.data(), 4 * row_size, 1.0f);
  kernels::global_avg_pool_gradient(4, dy.data(), dx.data());
  CHECK(dx(3, 17) == Approx(1 + dy(0, 17) / 4));
}
