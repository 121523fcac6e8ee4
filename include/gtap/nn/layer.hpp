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
#include <typeinfo>
#include <utility>
#include <vector>

namespace gtap::nn {

/// What a layer must say of itself: its shape rule, which throws gtap::Error naming `node`, and its
/// channel map; or that it is a function of each number by itself, by `activation()`.
template <class L>
concept LayerSettings = std::copyable<L> &&
    requires(const L& layer, std::span<const Shape> in, std::string_view node) {
  { L::kind } -> std::convertible_to<std::string_view>;  // its name in files and of nodes
  { layer.name } -> std::convertible_to<std::string>;    // the node's name, or empty
  { detail::output_shape(layer, in, node) } -> std::same_as<Shape>;
  { detail::channel_map(layer, in, std::size_t{}) } -> std::same_as<ChannelMap>;  // by input
};

/// What a layer must do: run one tile at inference. Optional are
/// - `backward(const BackwardTile<T>&) const`, if it is to be trained;
/// - `parameter_shape(in)`, if it has parameters;
/// - `static settings(self, visit)`, which calls visit("name", self.setting) for each setting that
///   files shall hold: numbers of type std::size_t or double, bool, Extent, or lists of
///   std::int64_t;
/// - `left(inputs, outputs)`: the settings with only these channels of each input and of the
///   output, if they depend on them;
/// - constants `fewest_inputs` and `most_inputs`, else one; `in_place`: forward() may write over
///   its first input; `takes_activation`: forward() applies ForwardTile::then; `needs_output`: what
///   backward() reads of the output, else its values.
template <class L, class T>
concept LayerForward = LayerSettings<L> &&
    (detail::Pointwise<L> ||
     requires(const L& layer, const ForwardTile<T>& tile) { layer.forward(tile); });

namespace detail {

using KeptLists = std::vector<std::vector<std::size_t>>;

/// Sees the settings of a layer one by one.
struct SettingVisitor {
  virtual void operator()(const char* name, std::size_t& value) = 0;
  virtual void operator()(const char* name, double& value) = 0;
  virtual void operator()(const char* name, bool& value) = 0;
  virtual void operator()(const char* name, Extent& value) = 0;
  virtual void operator()(const char* name, std::vector<std::int64_t>& value) = 0;

 protected:
  ~SettingVisitor() = default;
};

/// What does not change from shape to shape.
struct LayerTraits {
  std::string_view kind;
  std::size_t fewest_inputs = 1;
  std::size_t most_inputs = 1;
  bool mixing = false;             // sums products of weights and inputs
  bool in_place = false;           // forward() may write over its first input
  bool takes_activation = false;   // forward() can apply the activation that comes next by the way
  bool same_numbers = false;       // the output is the input
  bool backward_in_place = false;  // backward() needs nothing of an input that was written over
  Needed needs_output = Needed::nothing;  // by backward()
  kernels::Activation activation{};       // what it does to each number by itself, or none
};

template <class L>
LayerTraits layer_traits(const L& layer) {
  LayerTraits traits{.kind = L::kind, .in_place = in_place(layer)};
  if constexpr (requires { layer.fewest_inputs; }) traits.fewest_inputs = layer.fewest_inputs;
  if constexpr (requires { layer.most_inputs; }) traits.most_inputs = layer.most_inputs;
  if constexpr (requires { layer.mixing; }) traits.mixing = layer.mixing;
  if constexpr (requires { layer.takes_activation; }) {
    traits.takes_activation = layer.takes_activation;
  }
  if constexpr (requires { layer.same_numbers; }) traits.same_numbers = layer.same_numbers;
  if constexpr (requires { layer.backward_in_place(); }) {
    traits.backward_in_place = layer.backward_in_place();
  }
  if constexpr (requires { layer.needs_output; }) {
    traits.needs_output = layer.needs_output;
  } else if constexpr (!Pointwise<L>) {
    traits.needs_output = Needed::value;
  }
  if constexpr (Pointwise<L>) traits.activation = layer.activation();
  return traits;
}

/// A layer behind one type.
template <class T>
struct HeldLayer {
  virtual ~HeldLayer() = default;
  virtual HeldLayer* copy() const = 0;
  virtual const std::type_info& type() const = 0;
  virtual void* settings() = 0;
  virtual std::string& name() = 0;
  virtual LayerTraits traits() const = 0;
  virtual Shape output_shape(std::span<const Shape> in, std::string_view node) const = 0;
  virtual ChannelMap channel_map(std::span<const Shape> in, std::size_t input) const = 0;
  virtual ParameterShape parameter_shape(std::span<const Shape> in) const = 0;
  virtual void forward(const ForwardTile<T>& tile) const = 0;
  virtual void backward(const BackwardTile<T>& tile) const = 0;
  virtual HeldLayer* left(const KeptLists& inputs,
                          const std::vector<std::size_t>& outputs) const = 0;
  virtual void visit_settings(SettingVisitor& visit) = 0;
};

template <class L, class T>
struct HeldLayerOf final : HeldLayer<T> {
  L layer;
  explicit HeldLayerOf(L l) : layer(std::move(l)) {}

  HeldLayer<T>* copy() const override { return new HeldLayerOf(layer); }
  const std::type_info& type() const override { return typeid(L); }
  void* settings() override { return &layer; }
  std::string& name() override { return layer.name; }
  LayerTraits traits() const override { return layer_traits(layer); }
  Shape output_shape(std::span<const Shape> in, std::string_view node) const override {
    return detail::output_shape(layer, in, node);
  }
  ChannelMap channel_map(std::span<const Shape> in, std::size_t input) const override {
    return detail::channel_map(layer, in, input);
  }
  ParameterShape parameter_shape(std::span<const Shape> in) const override {
    if constexpr (requires { layer.parameter_shape(in); }) return layer.parameter_shape(in);
    return {};
  }
  void forward(const ForwardTile<T>& tile) const override { detail::forward(layer, tile); }
  void backward(const BackwardTile<T>& tile) const override {
    if constexpr (Pointwise<L> || requires { layer.backward(tile); }) {
      detail::backward(layer, tile);
    } else {
      fail(L::kind, "a layer with backward(), to be trained", "one without it");
    }
  }
  HeldLayer<T>* left(const KeptLists& inputs,
                     const std::vector<std::size_t>& outputs) const override {
    if constexpr (requires { layer.left(inputs, outputs); }) {
      return new HeldLayerOf(layer.left(inputs, outputs));
    } else {
      return copy();
    }
  }
  void visit_settings(SettingVisitor& visit) override {
    if constexpr (requires { L::settings(layer, visit); }) L::settings(layer, visit);
  }
};

}  // namespace detail

/// A layer of any type that runs on numbers of type T: plain settings, written with designated
/// initialisers, as in Conv2d{.out = 6, .kernel = 5, .padding = 2}, or somebody's own. `name` may
/// be left empty: the network then names the layer by its kind and a running number, "conv1",
/// "dense2"; a number whose name is given to another layer is skipped. Parameters live in the
/// network. Only layers that a program names are compiled.
template <class T>
class Layer {
 public:
  template <class L>
  requires(!std::same_as<std::remove_cvref_t<L>, Layer> && LayerForward<std::remove_cvref_t<L>, T>)
      Layer(L&& layer)
      : held_(new detail::HeldLayerOf<std::remove_cvref_t<L>, T>(std::forward<L>(layer))) {}
  Layer(const Layer& other) : held_(other.held_->copy()) {}
  Layer(Layer&&) noexcept = default;
  Layer& operator=(Layer other) noexcept {
    held_ = std::move(other.held_);
    return *this;
  }

  /// "conv", "dense" and so on: what names are made of.
  std::string_view kind() const { return traits().kind; }
  /// The name that the layer was given, or empty.
  const std::string& name() const { return held_->name(); }
  void set_name(std::string name) { held_->name() = std::move(name); }

  /// Whether it sums products of weights and inputs: Dense, Conv2d.
  bool is_mixing() const { return traits().mixing; }
  /// What it does to each number by itself; `none` when it is another kind of layer.
  kernels::Activation activation() const { return traits().activation; }
  /// Whether forward() may write over its first input.
  bool runs_in_place() const { return traits().in_place; }
  /// Whether forward() can apply the activation that comes next by the way.
  bool takes_activation() const { return traits().takes_activation; }
  detail::LayerTraits traits() const { return held_->traits(); }

  /// What it makes of input shapes. Throws gtap::Error that names the node and the shapes when its
  /// settings are wrong, or number or shapes of inputs do not fit.
  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    const auto [fewest, most] = std::pair(traits().fewest_inputs, traits().most_inputs);
    if (in.size() < fewest || in.size() > most) {
      detail::fail(node,
                   detail::text(fewest, fewest == most ? "" : " or more",
                                fewest == 1 && most == 1 ? " input" : " inputs"),
                   detail::text(in.size()));
    }
    return held_->output_shape(in, node);
  }
  /// How channels of an input become channels of the output.
  ChannelMap channel_map(std::span<const Shape> in, std::size_t input) const {
    return held_->channel_map(in, input);
  }
  /// Which parameters it has on inputs of these shapes.
  ParameterShape parameter_shape(std::span<const Shape> in) const {
    return held_->parameter_shape(in);
  }

  void forward(const ForwardTile<T>& tile) const { held_->forward(tile); }
  /// Throws where the layer cannot be trained.
  void backward(const BackwardTile<T>& tile) const { held_->backward(tile); }

  /// The layer with these channels only.
  Layer left(const detail::KeptLists& inputs, const std::vector<std::size_t>& outputs) const {
    return Layer(held_->left(inputs, outputs));
  }
  /// Shows every setting but the name.
  void visit_settings(detail::SettingVisitor& visit) { held_->visit_settings(visit); }

  /// The settings, where the layer is an L; else null.
  template <class L>
  L* get_if() {
    return held_->type() == typeid(L) ? static_cast<L*>(held_->settings()) : nullptr;
  }

 private:
  explicit Layer(detail::HeldLayer<T>* held) : held_(held) {}

  std::unique_ptr<detail::HeldLayer<T>> held_;
};

/// The settings of a layer, where it is an L; else null: `if (const auto* conv = as<Conv2d>(...))`.
template <class L, class T>
const L* as(const Layer<T>& layer) {
  return const_cast<Layer<T>&>(layer).template get_if<L>();  // whose settings are not changed
}
template <class L, class T>
L* as(Layer<T>& layer) {
  return layer.template get_if<L>();
}

}  // namespace gtap::nn
