// A layer of one's own: a gate that closes channels below a threshold, softly. It is trained,
// ranked, masked, compacted, saved and loaded like the layers of the library.

#include <gtap/estimate.hpp>
#include <gtap/io/network_file.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>
#include <gtap/pruning/procedures.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace gtap;

namespace {

/// x * sigmoid(steepness * (x - threshold)), with a threshold for each channel that is learnt.
struct Gate {
  static constexpr std::string_view kind = "gate";  // in files, and in names: gate1, gate2
  double steepness = 4.0;
  std::string name = {};

  nn::Shape output_shape(std::span<const nn::Shape> in, std::string_view) const { return in[0]; }

  // Output channel c comes from input channel c alone, so a unit that is absent stays absent.
  nn::ChannelMap channel_map(std::span<const nn::Shape>, std::size_t) const {
    return nn::ChannelMap::keeping();
  }

  nn::ParameterShape parameter_shape(std::span<const nn::Shape> in) const {
    return {.weight = {in[0].channels}};
  }

  template <class T>
  T gate(T x, T threshold) const {
    return T{1} / (T{1} + std::exp(static_cast<T>(-steepness) * (x - threshold)));
  }

  template <class T>
  void forward(const nn::ForwardTile<T>& t) const {
    for (const std::uint32_t c : t.write) {
      const T threshold = t.parameters.weight(0, static_cast<Eigen::Index>(c));
      for (std::size_t i = 0; i < t.out.pixels() * nn::tile_images; ++i)
        t.to(c)[i] = t.from(0, c)[i] * gate(t.from(0, c)[i], threshold);
    }
  }

  template <class T>
  void backward(const nn::BackwardTile<T>& t) const {
    const std::size_t count = t.out.pixels() * nn::tile_images;
    for (std::size_t c = 0; c < t.out.channels; ++c) {
      const T threshold = t.parameters.weight(0, static_cast<Eigen::Index>(c));
      T sum = 0;
      for (std::size_t i = c * count; i < (c + 1) * count; ++i) {
        const T x = t.x[0][i];
        const T open = gate(x, threshold);
        const T slope = x * static_cast<T>(steepness) * open * (T{1} - open);
        sum -= t.dy[i] * slope;
        if (t.dx[0] != nullptr) t.dx[0][i] = t.dy[i] * (open + slope);
      }
      t.dweight[c] = sum;
    }
  }

  // What files hold of it.
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("steepness", self.steepness);
  }
};

/// Images of noise with a bright row at the place of the class.
nn::Dataset<float> bars(std::size_t images, std::uint64_t seed) {
  RandomStream random(seed, 0);
  nn::Dataset<float> data{nn::Tensor<float>({1, 8, 8}, images), {}};
  for (std::size_t i = 0; i < images; ++i) {
    data.labels.push_back(random.below(4));
    for (std::size_t y = 0; y < 8; ++y) {
      for (std::size_t x = 0; x < 8; ++x) {
        const double bright = y / 2 == data.labels[i] ? 1.0 : 0.0;
        data.images.set(i, 0, y, x, static_cast<float>(bright + random.normal()));
      }
    }
  }
  return data;
}

void run() {
  nn::Network<float> net(
      {1, 8, 8}, {nn::Conv2d{.out = 8, .padding = 1}, Gate{}, nn::Conv2d{.out = 8, .padding = 1},
                  Gate{.steepness = 2.0}, nn::MaxPool2d{}, nn::Flatten{}, nn::Dense{.out = 4}});
  nn::initialize(net, 1);
  const auto data = bars(1'000, 2);
  const auto test = bars(500, 3);
  nn::train(net, data, {.epochs = 6, .seed = 1});
  std::cout << "Accuracy " << nn::accuracy(net, test) << ", thresholds of the first gate "
            << net.weight("gate1") << '\n';

  const NetworkGame game(net, data.subset(0, 256), CrossEntropy{});
  const Estimate indices = estimate(game, Shapley{}, {.evaluations = 2'000, .seed = 1});
  const PruningPath path = top_n(
      indices, {.keep = Budget::fraction(0.5), .constraints = layer_constraints(game.units())});
  const Coalition kept = path.back().kept;
  const Compacted<float> smaller = compact(net, game.units(), kept);
  std::cout << "Half of the units, accuracy " << nn::accuracy(smaller.network, test) << '\n';

  const auto masked = nn::forward(net, test.images, game.units().mask(kept)).to_images();
  const auto compacted = nn::forward(smaller.network, test.images).to_images();
  for (std::size_t i = 0; i < masked.size(); ++i) {
    if (std::abs(masked[i] - compacted[i]) > 1e-4f) {
      throw std::runtime_error("the smaller network is another one than the masked one");
    }
  }

  // Who loads a file with the layer names a layer of its kind.
  const auto path_of_file = std::filesystem::temp_directory_path() / "gtap_own_layer.safetensors";
  save_network(path_of_file, smaller.network);
  const std::vector<nn::Layer<float>> own{Gate{}};
  const auto loaded = load_network<float>(path_of_file, own);
  std::filesystem::remove(path_of_file);
  if (nn::forward(loaded, test.images).to_images() != compacted) {
    throw std::runtime_error("the file holds another network");
  }
}

}  // namespace

int main() {
  try {
    run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
