#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/layer_work.hpp>
#include <gtap/nn/layers/pointwise.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace gtap::nn {

/// What a layer must say of itself: its shape rule throws gtap::Error naming `node`.
template <class L>
concept LayerSettings = std::copyable<L> &&
    requires(const L& layer, std::span<const Shape> in, std::string_view node) {
  { L::kind } -> std::convertible_to<std::string_view>;  // its name in files and of nodes
  { layer.name } -> std::convertible_to<std::string>;    // the node's name, or empty
  { layer.output_shape(in, node) } -> std::same_as<Shape>;
  { layer.channel_map(in, std::size_t{}) } -> std::same_as<ChannelMap>;  // by input
};

/// What a layer of one's own must do: run one tile at inference. Optional are
/// - `backward(const BackwardTile<T>&) const`, if it is to be trained;
/// - `parameter_shape(in)`, if it has parameters;
/// - `static settings(self, visit)`, which calls visit("name", self.setting) for each setting that
///   files shall hold: numbers of type std::size_t or double, bool, Extent, or lists of
///   std::int64_t;
/// - `left(inputs, outputs)`: the settings with only these channels of each input and of the
///   output, if they depend on them;
/// - constants `fewest_inputs` and `most_inputs`, else one, and `in_place`: forward() may write
///   over its first input.
template <class L, class T>
concept LayerForward = LayerSettings<L> && requires(const L& layer, const ForwardTile<T>& tile) {
  layer.forward(tile);
};

namespace detail {

/// A setting of a layer, whose kind of number is known only to it.
using SettingPointer =
    std::variant<std::size_t*, double*, bool*, Extent*, std::vector<std::int64_t>*>;
using KeptLists = std::vector<std::vector<std::size_t>>;

template <class L>
std::size_t fewest_inputs(const L& layer) {
  if constexpr (requires { layer.fewest_inputs; }) return layer.fewest_inputs;
  return 1;
}
template <class L>
std::size_t most_inputs(const L& layer) {
  if constexpr (requires { layer.most_inputs; }) return layer.most_inputs;
  return 1;
}
template <class L>
ParameterShape parameter_shape(const L& layer, std::span<const Shape> in) {
  if constexpr (requires { layer.parameter_shape(in); }) return layer.parameter_shape(in);
  return {};
}

}  // namespace detail

/// A layer of somebody else's behind one type: anything with what LayerForward asks for, in float
/// or in double.
class OwnLayer {
 public:
  template <class L>
  requires(!std::same_as<std::remove_cvref_t<L>, OwnLayer> &&
           (LayerForward<std::remove_cvref_t<L>, float> ||
            LayerForward<std::remove_cvref_t<L>, double>)) OwnLayer(L&& layer)
      : kind(std::remove_cvref_t<L>::kind),
        name(layer.name),
        fewest_inputs(detail::fewest_inputs(layer)),
        most_inputs(detail::most_inputs(layer)),
        in_place(detail::in_place(layer)),
        held_(std::make_shared<Held<std::remove_cvref_t<L>>>(std::forward<L>(layer))) {}

  std::string kind;
  std::string name;
  std::size_t fewest_inputs;
  std::size_t most_inputs;
  bool in_place;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    return held_->output_shape(in, node);
  }
  ChannelMap channel_map(std::span<const Shape> in, std::size_t input) const {
    return held_->channel_map(in, input);
  }
  ParameterShape parameter_shape(std::span<const Shape> in) const {
    return held_->parameter_shape(in);
  }
  /// Throws where the layer does not know this kind of number.
  template <class T>
  void forward(const ForwardTile<T>& tile) const {
    held_->forward(tile);
  }
  /// Throws where the layer cannot be trained.
  template <class T>
  void backward(const BackwardTile<T>& tile) const {
    held_->backward(tile);
  }
  OwnLayer left(const detail::KeptLists& inputs, const std::vector<std::size_t>& outputs) const {
    OwnLayer layer = *this;
    layer.held_ = held_->left(inputs, outputs);
    return layer;
  }

  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    const std::shared_ptr<Any> held = self.held_->copy();
    for (const auto& [setting, pointer] : held->settings()) {
      const char* const label = setting;
      std::visit([&](auto* value) { visit(label, *value); }, pointer);
    }
    if constexpr (!std::is_const_v<Self>) self.held_ = held;
  }

  /// The layer itself, where it is an L; else null.
  template <class L>
  const L* get_if() const {
    const auto* held = dynamic_cast<const Held<L>*>(held_.get());
    return held == nullptr ? nullptr : &held->layer;
  }

 private:
  struct Any {
    virtual ~Any() = default;
    virtual std::shared_ptr<Any> copy() const = 0;
    virtual Shape output_shape(std::span<const Shape> in, std::string_view node) const = 0;
    virtual ChannelMap channel_map(std::span<const Shape> in, std::size_t input) const = 0;
    virtual ParameterShape parameter_shape(std::span<const Shape> in) const = 0;
    virtual void forward(const ForwardTile<float>& tile) const = 0;
    virtual void forward(const ForwardTile<double>& tile) const = 0;
    virtual void backward(const BackwardTile<float>& tile) const = 0;
    virtual void backward(const BackwardTile<double>& tile) const = 0;
    virtual std::shared_ptr<Any> left(const detail::KeptLists& inputs,
                                      const std::vector<std::size_t>& outputs) const = 0;
    virtual std::vector<std::pair<const char*, detail::SettingPointer>> settings() = 0;
  };

  template <class L>
  struct Held final : Any {
    L layer;
    explicit Held(L l) : layer(std::move(l)) {}

    std::shared_ptr<Any> copy() const override { return std::make_shared<Held>(layer); }
    Shape output_shape(std::span<const Shape> in, std::string_view node) const override {
      return layer.output_shape(in, node);
    }
    ChannelMap channel_map(std::span<const Shape> in, std::size_t input) const override {
      return layer.channel_map(in, input);
    }
    ParameterShape parameter_shape(std::span<const Shape> in) const override {
      return detail::parameter_shape(layer, in);
    }
    template <class T>
    void run(const ForwardTile<T>& tile) const {
      if constexpr (LayerForward<L, T>) {
        layer.forward(tile);
      } else {
        detail::fail(L::kind, "numbers that the layer's forward() takes",
                     sizeof(T) == sizeof(float) ? "float" : "double");
      }
    }
    template <class T>
    void run_back(const BackwardTile<T>& tile) const {
      if constexpr (requires { layer.backward(tile); }) {
        layer.backward(tile);
      } else {
        detail::fail(L::kind, "a layer with backward(), to be trained", "one without it");
      }
    }
    void forward(const ForwardTile<float>& tile) const override { run(tile); }
    void forward(const ForwardTile<double>& tile) const override { run(tile); }
    void backward(const BackwardTile<float>& tile) const override { run_back(tile); }
    void backward(const BackwardTile<double>& tile) const override { run_back(tile); }
    std::shared_ptr<Any> left(const detail::KeptLists& inputs,
                              const std::vector<std::size_t>& outputs) const override {
      if constexpr (requires { layer.left(inputs, outputs); }) {
        return std::make_shared<Held>(layer.left(inputs, outputs));
      } else {
        return copy();
      }
    }
    std::vector<std::pair<const char*, detail::SettingPointer>> settings() override {
      std::vector<std::pair<const char*, detail::SettingPointer>> list;
      if constexpr (requires { L::settings(layer, [](const char*, auto&) {}); }) {
        L::settings(layer,
                    [&](const char* setting, auto& value) { list.emplace_back(setting, &value); });
      }
      return list;
    }
  };

  std::shared_ptr<Any> held_;
};

}  // namespace gtap::nn
