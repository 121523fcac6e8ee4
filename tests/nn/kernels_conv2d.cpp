#include <gtap/nn/kernels/conv2d.hpp>

#include "catch.hpp"
#include "nn/kernels_support.hpp"

using namespace gtap_test;
using gtap::nn::Extent;
using gtap::nn::Shape;
using gtap::nn::kernels::Activation;
using gtap::nn::kernels::ConvGeometry;

namespace {

ConvGeometry geometry(Shape in, std::size_t outs, Extent kernel, Extent stride, Extent padding,
                      std::size_t groups) {
  const Shape out{outs, (in.height + 2 * padding.height - kernel.height) / stride.height + 1,
                  (in.width + 2 * padding.width - kernel.width) / stride.width + 1};
  return {in, out, kernel, stride, padding, groups};
}

/// One output number by the definition.
template <class T>
double convolved(const ConvGeometry& g, const T* weight, std::span<const std::uint32_t> in_channels,
                 const T* in, std::size_t row, std::size_t o, std::size_t y, std::size_t x,
                 std::size_t lane) {
  const std::size_t ins = g.in.channels / g.groups;
  const std::size_t group = o / (g.out.channels / g.groups);
  double sum = 0;
  for (std::size_t i = 0; i < ins; ++i) {
    const std::size_t c = group * ins + i;
    if (!contains(in_channels, c)) continue;
    for (std::size_t ky = 0; ky < g.kernel.height; ++ky) {
      for (std::size_t kx = 0; kx < g.kernel.width; ++kx) {
        const auto iy = static_cast<std::ptrdiff_t>(y * g.stride.height + ky) -
                        static_cast<std::ptrdiff_t>(g.padding.height);
        const auto ix = static_cast<std::ptrdiff_t>(x * g.stride.width + kx) -
                        static_cast<std::ptrdiff_t>(g.padding.width);
        if (iy < 0 || ix < 0 || iy >= static_cast<std::ptrdiff_t>(g.in.height) ||
            ix >= static_cast<std::ptrdiff_t>(g.in.width)) {
          continue;
        }
        const std::size_t pixel = (c * g.in.height + static_cast<std::size_t>(iy)) * g.in.width +
                                  static_cast<std::size_t>(ix);
        const T w = weight[o * g.taps() + (i * g.kernel.height + ky) * g.kernel.width + kx];
        sum += static_cast<double>(w) * static_cast<double>(in[pixel * row + lane]);
      }
    }
  }
  return sum;
}

template <class Arch, class T>
void check_conv(const ConvGeometry& g, bool subsets, std::size_t row = row_size) {
  const auto ins = subsets ? some(g.in.channels, 1) : all(g.in.channels);
  const auto outs = subsets ? some(g.out.channels, 2) : all(g.out.channels);
  const auto weight = random_numbers<T>(g.out.channels * g.taps(), 3);
  const auto bias = random_numbers<T>(g.out.channels, 4);
  Rows<T> in(g.in.size(), row, 5);
  if (row == row_size) poison_rows_outside(in, g.in.channels, g.in.pixels(), ins);
  Rows<T> out(g.out.size(), row);
  kernels::conv2d<Arch>(g, weight.data(), bias.data(), ins, outs, in.data(), out.data(),
                        Activation{Activation::relu}, row);
  const double bound = sum_error<T>(g.taps() + 1);
  const std::size_t step = row / 4 + 1;
  for (std::size_t o = 0; o < g.out.channels; ++o) {
    for (std::size_t pixel = 0; pixel < g.out.pixels(); ++pixel) {
      for (std::size_t lane = pixel % step; lane < row; lane += step) {
        const T came = out.data()[(o * g.out.pixels() + pixel) * row + lane];
        if (!contains(outs, o)) {
          REQUIRE(came == Rows<T>::mark);
          continue;
        }
        const double sum = convolved(g, weight.data(), ins, in.data(), row, o, pixel / g.out.width,
                                     pixel % g.out.width, lane) +
                           static_cast<double>(bias[o]);
        REQUIRE(std::abs(static_cast<double>(came) - std::max(sum, 0.0)) <= bound);
      }
    }
  }
  CHECK(out.guards_intact());
}

}  // namespace

TEST_CASE("A convolution is its definition for any stride, padding, groups and subset") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    check_conv<Arch, float>(geometry({1, 7, 6}, 5, 5, 1, 0, 1), false);
    check_conv<Arch, float>(geometry({3, 6, 5}, 7, 3, 1, 1, 1), true);
    check_conv<Arch, float>(geometry({4, 7, 9}, 6, {3, 2}, {2, 3}, {1, 0}, 2), true);
    check_conv<Arch, float>(geometry({6, 5, 5}, 6, 3, 2, 2, 6), false);
  });
  check_conv<kernels::default_arch, double>(geometry({3, 6, 5}, 7, 3, 1, 1, 1), true);
}

TEST_CASE("A convolution of many taps, and one whose kernel is larger than the image") {
  using Arch = kernels::default_arch;
  check_conv<Arch, float>(geometry({40, 4, 4}, 3, 3, 1, 1, 1), false);
  check_conv<Arch, float>(geometry({1, 20, 18}, 2, {20, 18}, 1, 0, 1), false);
  check_conv<Arch, float>(geometry({2, 2, 3}, 3, 5, 1, 2, 1), false);
  check_conv<Arch, float>(geometry({2, 3, 3}, 3, 1, 3, 3, 1), false);
  check_conv<Arch, float>(geometry({10, 1, 1}, 12, 1, 1, 0, 1), true);
}

TEST_CASE("Rows shorter than a tile compute several pixels at once") {
  using Arch = kernels::default_arch;
  check_conv<Arch, float>(geometry({3, 6, 9}, 7, 3, 1, 1, 1), false, 16);
  check_conv<Arch, float>(geometry({3, 6, 7}, 7, 3, 1, 1, 1), false, 32);
  check_conv<Arch, float>(geometry({2, 9, 9}, 4, 3, 2, 0, 1), false, 32);
}

TEST_CASE("Toggling an input channel equals convolving without it") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    for (const ConvGeometry& g :
         {geometry({3, 6, 6}, 8, 5, 1, 0, 1), geometry({4, 5, 6}, 4, 3, 2, 1, 2)}) {
      const auto weight = random_numbers<float>(g.out.channels * g.taps(), 3);
      const Rows<float> in(g.in.size(), row_size, 5);
      const auto outs = some(g.out.channels, 6);
      std::vector<std::uint32_t> others = all(g.in.channels);
      others.erase(others.begin() + 1);
      Rows<float> z(g.out.size());
      Rows<float> fresh(g.out.size());
      kernels::conv2d<Arch>(g, weight.data(), weight.data(), all(g.in.channels), outs, in.data(),
                            z.data());
      Rows<float> apart(g.out.size());
      kernels::conv2d_update<Arch>(g, weight.data(), 1, -1.0f, outs, in.data(), z.data(),
                                   apart.data());
      kernels::conv2d_update<Arch>(g, weight.data(), 1, -1.0f, outs, in.data(), z.data(), z.data());
      kernels::conv2d<Arch>(g, weight.data(), weight.data(), others, outs, in.data(), fresh.data());
      for (std::size_t i = 0; i < z.values().size(); ++i) {
        REQUIRE(std::abs(z.data()[i] - fresh.data()[i]) <= sum_error<float>(g.taps() + 2));
        REQUIRE(apart.data()[i] == z.data()[i]);
      }
      CHECK(z.guards_intact());
      CHECK(apart.guards_intact());
    }
  });
}
