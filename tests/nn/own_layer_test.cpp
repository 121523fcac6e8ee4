#include <gtap/nn/evaluate.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "reference.hpp"

#include <cmath>
#include <concepts>
#include <vector>

using namespace gtap::nn;

namespace {

/// x times a weight of the channel, to a power: forward, backward, parameters and a setting.
struct Power {
  static constexpr std::string_view kind = "power";
  double exponent = 1.0;
  std::string name = {};

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    if (exponent < 0.0) gtap::detail::fail(node, "an exponent of 0 or more", "less");
    return in[0];
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  ParameterShape parameter_shape(std::span<const Shape> in) const {
    return {.weight = {in[0].channels}, .start = 1.0};
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    for (const std::uint32_t c : t.write) {
      for (std::size_t i = 0; i < t.out.pixels() * tile_images; ++i) {
        const T x = t.from(0, c)[i];
        t.to(c)[i] = t.parameters.weight(0, Eigen::Index(c)) *
                     std::pow(std::abs(x), static_cast<T>(exponent));
      }
    }
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const std::size_t count = t.out.pixels() * tile_images;
    for (std::size_t c = 0; c < t.out.channels; ++c) {
      t.dweight[c] = 0;
      for (std::size_t i = c * count; i < (c + 1) * count; ++i) {
        const T x = std::abs(t.x[0][i]);
        const T power = std::pow(x, static_cast<T>(exponent));
        t.dweight[c] += t.dy[i] * power;
        if (t.dx[0] == nullptr) continue;
        const T sign = t.x[0][i] < 0 ? T(-1) : T(1);
        t.dx[0][i] = t.dy[i] * t.parameters.weight(0, Eigen::Index(c)) * sign *
                     static_cast<T>(exponent) * std::pow(x, static_cast<T>(exponent) - 1);
      }
    }
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("exponent", self.exponent);
  }
};

/// For float only, and not to be trained.
struct Swap {
  static constexpr std::string_view kind = "swap";
  std::string name = {};
  static constexpr std::size_t fewest_inputs = 2;
  static constexpr std::size_t most_inputs = 2;

  Shape output_shape(std::span<const Shape> in, std::string_view) const { return in[1]; }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::needing_all();
  }
  void forward(const ForwardTile<float>& t) const {
    for (std::size_t i = 0; i < t.out.size() * tile_images; ++i)
      t.y[i] = t.x[1][i] - t.x[0][i];
  }
};

static_assert(LayerSettings<Power> && LayerForward<Power, float> && LayerForward<Power, double>);
static_assert(LayerForward<Swap, float> && !LayerForward<Swap, double>);
static_assert(std::constructible_from<Layer<float>, Swap>);
static_assert(!std::constructible_from<Layer<double>, Swap>);
static_assert(!LayerSettings<int>);
static_assert(LayerSettings<Dense> && LayerForward<Conv2d, double>);

}  // namespace

TEST_CASE("a layer of one's own runs among the others", "[own_layer]") {
  const Network<double> net({3}, {Power{.exponent = 2.0}, {Add{}, {"power1", "input"}}});
  CHECK(net.node("power1").parameters() == 3);
  Tensor<double> images({3}, 1);
  images.set(0, 1, 0, 0, -3.0);
  CHECK(forward(net, images).get(0, 1) == 6.0);
  const auto* own = as<Power>(net.node("power1").layer);
  REQUIRE(own != nullptr);
  CHECK(own->exponent == 2.0);
  CHECK(net.node("power1").layer.kind() == "power");

  Tensor<float> few({2}, 1);
  few.set(0, 0, 0, 0, 5.0f);
  const Network<float> swapped({2}, {Relu{}, {Swap{}, {"relu1", "input"}}});
  CHECK(forward(swapped, few).get(0, 0) == 0.0f);
}

TEST_CASE("a layer of one's own is trained by its backward pass", "[own_layer][gradient]") {
  Network<double> net({2, 3, 3}, {Conv2d{.out = 3, .kernel = 2}, Power{.exponent = 1.5}, Flatten{},
                                  Dense{.out = 3}});
  reference::randomize(net, 5);
  const auto data = reference::random_data<double>({2, 3, 3}, 70, 3, 5);
  gtap::ThreadPool pool(1);
  Backpropagation<double> passes(net, 70, Mode::training);
  const auto loss = [&] {
    return passes.run(
        pool, data.labels, 0,
        [&](std::size_t tile, double* rows) {
          std::copy_n(data.images.tile(tile), 18 * tile_images, rows);
        },
        [](auto&&...) {});
  };
  loss();
  std::vector<double> gradient(passes.parameters());
  passes.gradient(0, gradient);
  for (const std::size_t node : {std::size_t{0}, std::size_t{1}}) {
    for (Eigen::Index k = 0; k < net.nodes()[node].weight.size(); ++k) {
      double& value = net.edit_nodes()[node].weight.data()[k];
      const double kept = value;
      value = kept + 1e-6;
      const double above = loss();
      value = kept - 1e-6;
      const double below = loss();
      value = kept;
      const double slope = (above - below) / 2e-6;
      CHECK(std::abs(slope - gradient[passes.weight_begin(node) + std::size_t(k)]) < 1e-8);
    }
  }
}

TEST_CASE("what a layer of one's own cannot do is named", "[own_layer][error]") {
  CHECK(error_text([] { Network<float>({3}, {Power{.exponent = -1.0, .name = "root"}}); }) ==
        "root: expected an exponent of 0 or more, got less");
  CHECK(error_text([] { Network<float>({3}, {Swap{}}); }) == "swap1: expected 2 inputs, got 1");
  Network<float> net({2}, {Dense{.out = 2}, {Swap{}, {"dense1", "input"}}});
  const auto data = reference::random_data<float>({2}, 10, 2, 1);
  CHECK(error_text([&] { train(net, data, {.epochs = 1, .threads = 1}); }) ==
        "swap: expected a layer with backward(), to be trained, got one without it");
}
