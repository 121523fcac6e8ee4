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
  struct Node {
    at::Tensor weight;
    at::Tensor bias;
  };
  std::vector<PlainLayer> plain;
  std::vector<Node> nodes;
  std::vector<std::size_t> last_reader;
  std::size_t cut = 0;  // nodes up to the first masked one, whose outputs are kept before its mask
  at::Tensor images;
  at::Tensor labels;
  std::vector<at::Tensor> prefix;              // by node, where a node behind the cut reads it
  std::vector<std::vector<at::Tensor>> masks;  // [coalition][node]

  at::Tensor apply(std::size_t i, const std::vector<at::Tensor>& values) const {
    const PlainLayer& layer = plain[i];
    const Node& node = nodes[i];
    const at::Tensor& x = layer.inputs.empty() ? images : values[layer.inputs[0]];
    switch (layer.kind) {
      case PlainLayer::dense:
        return at::linear(x, node.weight, node.bias);
      case PlainLayer::conv:
        return at::conv2d(x, node.weight, node.bias, layer.stride, layer.padding);
      case PlainLayer::relu:
        return at::relu(x);
      case PlainLayer::max_pool2:
        return at::max_pool2d(x, 2);
      case PlainLayer::affine:
        return at::addcmul(node.bias, x, node.weight);
      case PlainLayer::add:
        return x + values[layer.inputs[1]];
      case PlainLayer::halve:
        return at::max_pool2d(x, 1, 2);
      case PlainLayer::pad:
        return at::constant_pad_nd(x, {0, 0, 0, 0, layer.padding, layer.padding});
      case PlainLayer::global_pool:
        return x.mean({2, 3});
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
  state_->last_reader.assign(layers.size(), layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const PlainLayer& layer = layers[i];
    State::Node made;
    if (layer.weight != nullptr) {
      made.weight = taken(layer.weight, layer.weight_shape);
      if (layer.bias != nullptr) {
        const bool affine = layer.kind == PlainLayer::affine;
        made.bias = taken(layer.bias, affine ? at::IntArrayRef(layer.weight_shape)
                                             : at::IntArrayRef(layer.weight_shape[0]));
      }
    }
    state_->nodes.push_back(std::move(made));
    for (const std::size_t from : layer.inputs)
      state_->last_reader[from] = i;
  }
  std::vector<at::Tensor>& values = state_->prefix;
  values.resize(layers.size());
  do {
    values[state_->cut] = state_->apply(state_->cut, values);
  } while (layers[state_->cut++].players.empty());
  for (std::size_t i = 0; i < state_->cut; ++i) {
    if (state_->last_reader[i] < state_->cut) values[i] = at::Tensor();
  }
}

TorchSide::~TorchSide() = default;

std::size_t TorchSide::add(std::span<const float> mask) {
  std::vector<at::Tensor> masks;
  for (const PlainLayer& layer : state_->plain) {
    at::Tensor part;
    if (!layer.players.empty()) {
      const auto count = static_cast<std::int64_t>(layer.players.size());
      part = at::ones({count}, at::kFloat);
      for (std::size_t c = 0; c < layer.players.size(); ++c) {
        if (layer.players[c] < 0) continue;
        part.data_ptr<float>()[c] = mask[static_cast<std::size_t>(layer.players[c])];
      }
    }
    masks.push_back(std::move(part));
  }
  state_->masks.push_back(std::move(masks));
  return state_->masks.size() - 1;
}

double TorchSide::value(std::size_t k, bool cached) const {
  const at::NoGradGuard no_gradients;
  const auto& masks = state_->masks[k];
  std::vector<at::Tensor> values(state_->plain.size());
  const auto mask = [&](std::size_t i) {
    if (state_->plain[i].players.empty()) return;
    const bool flat = values[i].dim() == 2;
    values[i] = values[i] * (flat ? masks[i] : masks[i].view({1, -1, 1, 1}));
  };
  std::size_t i = 0;
  if (cached) {
    values = state_->prefix;
    i = state_->cut;
    mask(i - 1);
  }
  for (; i < state_->plain.size(); ++i) {
    values[i] = state_->apply(i, values);
    mask(i);
    for (const std::size_t from : state_->plain[i].inputs) {
      if (state_->last_reader[from] == i) values[from] = at::Tensor();
    }
  }
  return -at::cross_entropy_loss(values.back(), state_->labels).item<double>();
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
