#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>
#include <gtap/network/detail/game_network.hpp>
#include <gtap/network/detail/target.hpp>
#include <gtap/network/network_evaluator.hpp>
#include <gtap/network/objective.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/network.hpp>

#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// A network and its data as a game: the players are hidden units, and the value of a coalition is
/// how well the network does on the images when all other units are ablated, which is that their
/// output, after activation and batch norm, is zero.
///
/// How well is an objective's word: Accuracy, CrossEntropy, Agreement, or one of your own. The game
/// is a snapshot: the network and the data may change or go afterwards without any effect on it.
/// What no coalition changes, the layers that no player's unit leads to, is computed once, in the
/// constructor.
///
/// An evaluation costs what is left of the layers behind these; chains and stars cost less.
/// Immutable and thread-safe; each thread takes an evaluator().
template <class T>
class NetworkGame {
 public:
  using Evaluator = NetworkEvaluator<T>;

  /// Players: all hidden units.
  template <class O>
  NetworkGame(const nn::Network<T>& net, const nn::Dataset<T>& data, const O& objective)
      : NetworkGame(net, data, objective, Units(net)) {}

  /// Players: the hidden units of the layers of these names.
  template <class O>
  NetworkGame(const nn::Network<T>& net, const nn::Dataset<T>& data, const O& objective,
              std::span<const std::string> layers)
      : NetworkGame(net, data, objective, Units(net, layers)) {}

  /// Players: these units. Throws for outputs that are not flat, an empty data set, images of
  /// another shape, numbers that are not finite, also as the network's outputs, and where the
  /// objective needs classes or labels for one output, and labels that are missing or out of range.
  template <class O>
  NetworkGame(const nn::Network<T>& net, const nn::Dataset<T>& data, const O& objective,
              Units units)
      : units_(std::move(units)) {
    const std::size_t outputs = nn::detail::flat_outputs(where, net);
    if constexpr (detail::needs_classes<O>()) nn::detail::require_classes(where, outputs);
    if constexpr (detail::needs_labels<O>()) data.check(where, outputs);
    nn::Tensor<T> logits =
        nn::detail::run_nodes(where, net, nn::logit_nodes(net), data.images, nullptr, 1);
    check_outputs(logits);
    reference_ = std::make_shared<const detail::Reference<T>>(std::move(logits), data);
    net_ = std::make_shared<const detail::GameNetwork<T>>(net, units_, data.images);
    tiles_ = net_->part(0, 1);
    if constexpr (detail::is_objective<O, T>()) {
      target_ = detail::make_target(reference_, objective);
    }
  }

  /// The same players and images under another objective, from the same memory. Throws for what
  /// the constructor would refuse with it.
  template <class O>
  NetworkGame with(const O& objective) const {
    NetworkGame other = *this;
    if constexpr (detail::is_objective<O, T>()) {
      if constexpr (detail::needs_classes<O>()) {
        nn::detail::require_classes(where, reference_->classes());
      }
      if constexpr (detail::needs_labels<O>()) reference_->check_labels(where);
      other.target_ = detail::make_target(reference_, objective);
    }
    return other;
  }

  std::size_t players() const { return units_.size(); }

  /// Which unit each player is.
  const Units& units() const { return units_; }

  /// What reports call a player, such as "conv2/7".
  std::string label(Player p) const { return units_.label(p); }

  std::size_t images() const { return tiles_.images; }

  /// The same game on blocks of its images, which share this game's memory: the mean of their
  /// values, each by its images, is this game's (image_blocks). At most one block for each
  /// nn::tile_images images.
  std::vector<NetworkGame> blocks(std::size_t count) const {
    const std::size_t tiles = tiles_.last - tiles_.first;
    if (count == 0 || count > tiles || tiles != net_->tiles()) {
      detail::fail("NetworkGame::blocks",
                   detail::text("1 to ", net_->tiles(), " blocks of a whole game"),
                   detail::text(count, " of ", tiles, " tiles"));
    }
    std::vector<NetworkGame> list(count, *this);
    for (std::size_t b = 0; b < count; ++b)
      list[b].tiles_ = net_->part(b, count);
    return list;
  }

  /// The value with only these units. Allocates; evaluators do not.
  double operator()(const Coalition& kept) const { return evaluator()(kept); }

  Evaluator evaluator() const { return Evaluator(net_, target_, tiles_); }

 private:
  static constexpr const char* where = "NetworkGame";

  /// The sums of finite weights and images may leave the range of T.
  static void check_outputs(const nn::Tensor<T>& logits) {
    const std::vector<T> plain = logits.to_images();
    for (std::size_t k = 0; k < plain.size(); ++k) {
      if (!std::isfinite(plain[k])) {
        detail::fail(where, "finite outputs of the network with all units",
                     detail::text(plain[k], " for image ", k / logits.shape().size()));
      }
    }
  }

  Units units_;
  std::shared_ptr<const detail::GameNetwork<T>> net_;
  std::shared_ptr<const detail::Reference<T>> reference_;
  std::shared_ptr<const detail::Target<T>> target_;
  detail::TileRange tiles_;
};

}  // namespace gtap
