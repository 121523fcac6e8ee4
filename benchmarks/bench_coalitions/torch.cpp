#include "torch.hpp"

#if defined(GTAP_HAS_TORCH)

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <utility>

namespace gtap_bench {

bool has_torch() {
  return true;
}

struct TorchSide::State {
  struct Layer {
    PlainLayer::Kind kind;
    at::Tensor weight;
    at::Tensor bias;
    bool masked;
  };
  std::vector<Layer> layers;
  std::vector<PlainLayer> plain;
  std::size_t cut = 0;  // layers up to the first masked one, whose output is kept before its mask
  at::Tensor images;
  at::Tensor labels;
  at::Tensor prefix;
  std::vector<std::vector<at::Tensor>> masks;  // [coalition][layer]

  static at::Tensor apply(const Layer& layer, const at::Tensor& x) {
    switch (layer.kind) {
      case PlainLayer::dense:
        return at::linear(x, layer.weight, layer.bias);
      case PlainLayer::conv:
        return at::conv2d(x, layer.weight, layer.bias);
      case PlainLayer::relu:
        return at::relu(x);
      case PlainLayer::max_pool2:
        return at::max_pool2d(x, 2);
      case PlainLayer::flatten:
        break;
    }
    return x.flatten(1);
  }
};

TorchSide::TorchSide(std::span<const PlainLayer> layers, std::vector<std::int64_t> image_shape,
                     const float* images, std::span<const std::uint32_t> labels)
    : state_(std::make_unique<State>()) {
  at::set_num_threads(1);
  const at::NoGradGuard no_gradients;
  const auto taken = [](const float* from, at::IntArrayRef shape) {
    return at::from_blob(const_cast<float*>(from), shape, at::kFloat).clone();
  };
  image_shape.insert(image_shape.begin(), static_cast<std::int64_t>(labels.size()));
  state_->images = taken(images, image_shape);
  state_->labels = at::empty({image_shape[0]}, at::kLong);
  for (std::size_t i = 0; i < labels.size(); ++i)
    state_->labels.data_ptr<std::int64_t>()[i] = labels[i];
  state_->plain.assign(layers.begin(), layers.end());
  for (const PlainLayer& layer : layers) {
    State::Layer made{layer.kind, {}, {}, layer.players > 0};
    if (layer.weight != nullptr) {
      made.weight = taken(layer.weight, layer.weight_shape);
      made.bias = taken(layer.bias, {layer.weight_shape[0]});
    }
    state_->layers.push_back(std::move(made));
  }
  state_->prefix = state_->images;
  do {
    state_->prefix = State::apply(state_->layers[state_->cut], state_->prefix);
  } while (!state_->layers[state_->cut++].masked);
}

TorchSide::~TorchSide() = default;

std::size_t TorchSide::add(std::span<const float> mask) {
  std::vector<at::Tensor> masks;
  for (const PlainLayer& layer : state_->plain) {
    at::Tensor part;
    if (layer.players > 0) {
      const auto count = static_cast<std::int64_t>(layer.players);
      part = at::empty({count}, at::kFloat);
      for (std::size_t p = 0; p < layer.players; ++p)
        part.data_ptr<float>()[p] = mask[layer.first_player + p];
      if (layer.kind == PlainLayer::max_pool2) part = part.view({1, count, 1, 1});
    }
    masks.push_back(std::move(part));
  }
  state_->masks.push_back(std::move(masks));
  return state_->masks.size() - 1;
}

double TorchSide::value(std::size_t k, bool cached) const {
  const at::NoGradGuard no_gradients;
  const auto& masks = state_->masks[k];
  at::Tensor x = state_->images;
  std::size_t l = 0;
  if (cached) {
    l = state_->cut;
    x = state_->prefix * masks[l - 1];
  }
  for (; l < state_->layers.size(); ++l) {
    x = State::apply(state_->layers[l], x);
    if (state_->layers[l].masked) x = x * masks[l];
  }
  return -at::cross_entropy_loss(x, state_->labels).item<double>();
}

}  // namespace gtap_bench

#else

namespace gtap_bench {

bool has_torch() {
  return false;
}

struct TorchSide::State {};
TorchSide::TorchSide(std::span<const PlainLayer>, std::vector<std::int64_t>, const float*,
                     std::span<const std::uint32_t>) {}
TorchSide::~TorchSide() = default;
std::size_t TorchSide::add(std::span<const float>) {
  return 0;
}
double TorchSide::value(std::size_t, bool) const {
  return 0;
}

}  // namespace gtap_bench

#endif
