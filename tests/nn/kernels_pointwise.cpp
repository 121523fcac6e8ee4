#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/kernels/pool.hpp>

#include "catch.hpp"
#include "nn/kernels_support.hpp"

#include <algorithm>

using namespace gtap_test;
using gtap::nn::kernels::Activation;
using gtap::nn::kernels::PoolGeometry;

namespace {

double activated(Activation::Kind kind, double slope, double x) {
  switch (kind) {
    case Activation::none:
      return x;
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::leaky_relu:
      return x > 0 ? x : slope * x;
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::tanh:
      return std::tanh(x);
    case Activation::gelu:
      return x * std::erfc(-x / std::sqrt(2.0)) / 2;
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::hard_sigmoid:
      return std::clamp(x / 6 + 0.5, 0.0, 1.0);
    case Activation::hard_swish:
      return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
    case Activation::clip:
      return std::clamp(x, Activation{}.low, Activation{}.high);
  }
  return 0;
}

template <class T>
double pooled(const PoolGeometry& g, const Rows<T>& in, std::size_t y, std::size_t x,
              std::size_t lane, bool largest) {
  double value = largest ? -INFINITY : 0;
  for (std::size_t ky = 0; ky < g.size.height; ++ky) {
    for (std::size_t kx = 0; kx < g.size.width; ++kx) {
      const std::size_t iy = y * g.stride.height + ky - g.padding.height;  // wraps outside
      const std::size_t ix = x * g.stride.width + kx - g.padding.width;
      if (iy >= g.in.height || ix >= g.in.width) continue;
      const auto v = static_cast<double>(in(iy * g.in.width + ix, lane));
      value = largest ? std::max(value, v) : value + v;
    }
  }
  return largest ? value : value / static_cast<double>(g.size.height * g.size.width);
}

}  // namespace

TEST_CASE("Activations are their definitions") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    Rows<float> in(6, row_size, 1);
    for (float& x : in.values())
      x *= 6;
    in.data()[0] = 0;
    for (const auto kind :
         {Activation::none, Activation::relu, Activation::leaky_relu, Activation::sigmoid,
          Activation::tanh, Activation::gelu, Activation::silu, Activation::hard_sigmoid,
          Activation::hard_swish, Activation::clip}) {
      Rows<float> out(6);
      kernels::activate<Arch>(Activation{kind, 0.125}, in.data(), out.data(), 6 * row_size);
      for (std::size_t i = 0; i < 6 * row_size; ++i) {
        const auto x = static_cast<double>(in.data()[i]);
        REQUIRE(static_cast<double>(out.data()[i]) ==
                Approx(activated(kind, 0.125, x)).epsilon(2e-6).margin(1e-6));
      }
      CHECK(out.guards_intact());
    }
  });
}

TEST_CASE("Affine maps scale, shift and activate, in place too") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    const Rows<float> in(2, row_size, 2);
    Rows<float> out(in);
    Rows<float> relu(2);
    kernels::affine<Arch>(3.0f, -0.5f, out.data(), out.data(), 2 * row_size);
    kernels::affine<Arch>(3.0f, -0.5f, in.data(), relu.data(), 2 * row_size,
                          Activation{Activation::relu});
    for (std::size_t i = 0; i < 2 * row_size; ++i) {
      REQUIRE(std::abs(out.data()[i] - (3 * in.data()[i] - 0.5f)) <= 5e-7f);
      REQUIRE(relu.data()[i] == std::max(out.data()[i], 0.0f));
    }
    CHECK(out.guards_intact());
  });
}

TEST_CASE("Pooling is its definition for any window, stride and padding") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    const std::vector<PoolGeometry> geometries{{{4, 6}, {2, 3}, 2, 2},
                                               {{5, 7}, {2, 3}, {3, 2}, 2},
                                               {{6, 5}, {3, 3}, 3, 2, 1},
                                               {{4, 4}, {4, 4}, {3, 3}, 1, 1}};
    for (const PoolGeometry& g : geometries) {
      const Rows<float> in(g.in.height * g.in.width, row_size, 3);
      const std::size_t pixels = g.out.height * g.out.width;
      Rows<float> largest(pixels);
      Rows<float> mean(pixels);
      kernels::max_pool<Arch>(g, in.data(), largest.data());
      kernels::avg_pool<Arch>(g, in.data(), mean.data());
      for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
        for (std::size_t lane = 0; lane < row_size; ++lane) {
          const std::size_t y = pixel / g.out.width;
          const std::size_t x = pixel % g.out.width;
          REQUIRE(static_cast<double>(largest(pixel, lane)) == pooled(g, in, y, x, lane, true));
          REQUIRE(static_cast<double>(mean(pixel, lane)) ==
                  Approx(pooled(g, in, y, x, lane, false)).margin(1e-6));
        }
      }
      CHECK(largest.guards_intact());
    }
  });
  const Rows<float> in(6, row_size, 4);
  Rows<float> out(1);
  kernels::global_avg_pool(6, in.data(), out.data());
  CHECK(out(0, 9) == Approx((in(0, 9) + in(1, 9) + in(2, 9) + in(3, 9) + in(4, 9) + in(5, 9)) / 6));
}

TEST_CASE("The largest of a window does not hide a number that is none") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    const PoolGeometry g{{2, 3}, 1, {2, 3}, 1};
    for (std::size_t pixel = 0; pixel < 6; ++pixel) {
      Rows<float> in(6, row_size, 5);
      Rows<float> out(1);
      in.data()[pixel * row_size + 11] = std::nanf("");
      kernels::max_pool<Arch>(g, in.data(), out.data());
      for (std::size_t lane = 0; lane < row_size; ++lane)
        REQUIRE(std::isnan(out(0, lane)) == (lane == 11));
    }
  });
}

TEST_CASE("A relu does not hide a number that is none") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    Rows<float> in(1);
    Rows<float> out(1);
    in.data()[5] = std::numeric_limits<float>::quiet_NaN();
    kernels::activate<Arch>({Activation::relu}, in.data(), out.data(), row_size);
    CHECK(std::isnan(out(0, 5)));
    kernels::affine<Arch>(2.0f, 1.0f, in.data(), out.data(), row_size, {Activation::relu});
    CHECK(std::isnan(out(0, 5)));
  });
}
