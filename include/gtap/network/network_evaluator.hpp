#pragma once

#include <gtap/network/detail/presence.hpp>
#include <gtap/network/detail/staged_network.hpp>
#include <gtap/network/detail/target.hpp>
#include <gtap/nn/aligned.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace gtap {

/// One thread's worker of a NetworkGame: owns all memory that evaluations need and allocates
/// nothing once each of its members has been called. That memory is, for 64 images, all numbers of
/// the layers behind the first that has players, before and after their activation and pooling;
/// once chain() has been called also for all images, because a chain may go on: in float 880 bytes
/// an image for 784-300-100-10, which is 0.9 MB at 1,000 images, and 20 kB an image for LeNet-5,
/// 20 MB.
///
/// It goes tile by tile: all coalitions, or all steps of a chain, on 64 images whose state stays in
/// cache, then the next 64. A toggled unit updates what its next layer receives and recomputes only
/// what follows. Keeps the game's snapshot alive; not thread-safe, one for each thread.
///
/// Throws gtap::Error that names the coalition whose value is not finite because the network's sums
/// leave the range of T, and for an objective whose sum is not finite.
template <class T>
class NetworkEvaluator {
 public:
  /// Chained values are evaluated afresh after this many toggles, so rounding cannot build up. Each
  /// toggle rounds a sum once, by at most 2^-24 of it: together at most 1.5e-5 of the largest, and
  /// about 1e-6 since roundings do not all go one way. However long the chain, these sums and with
  /// them CrossEntropy and Agreement stay within 1e-5 x max(1, |value|) of fresh ones. An Accuracy
  /// moves by a whole image for each borderline one: within two images in a thousand.
  static constexpr std::size_t refresh_interval = 256;

  /// Values are means over the images of these tiles.
  NetworkEvaluator(std::shared_ptr<const detail::StagedNetwork<T>> net,
                   std::shared_ptr<const detail::Target<T>> target, detail::TileRange tiles)
      : net_(std::move(net)),
        target_(std::move(target)),
        tiles_(tiles),
        presence_(net_->presence()),
        start_presence_(net_->presence()),
        memory_(net_->state_size()),
        scratch_(net_->scratch_size()) {
    order_.reserve(players());
    // Not copies of one, which would come without its reserved memory.
    std::generate_n(std::back_inserter(batch_), 16, [&] { return net_->presence(); });
  }

  std::size_t players() const { return net_->players(); }

  double operator()(const Coalition& kept) {
    double value = 0.0;
    batch(std::span(&kept, 1), std::span(&value, 1));
    return value;
  }

  /// Batch rung.
  void batch(std::span<const Coalition> coalitions, std::span<double> out) {
    std::fill(out.begin(), out.end(), 0.0);
    for (std::size_t begin = 0; begin < coalitions.size(); begin += batch_.size()) {
      const std::size_t count = std::min(batch_.size(), coalitions.size() - begin);
      for (std::size_t k = 0; k < count; ++k) {
        check(coalitions[begin + k]);
        batch_[k].reset(coalitions[begin + k]);
      }
      for (std::size_t t = tiles_.first; t < tiles_.last; ++t) {
        for (std::size_t k = 0; k < count; ++k)
          out[begin + k] += tile_value(t, fresh(batch_[k], t, memory_.data(), false));
      }
    }
    finish(out, [&](std::size_t k) { return coalitions[k]; });
  }

  /// Chain rung.
  void chain(const Coalition& start, std::span<const Player> toggles, std::span<double> out) {
    check(start, toggles);
    const bool go_on = start == chain_end_;
    if (!go_on) chain_steps_ = 0;
    chain_memory_.resize((tiles_.last - tiles_.first) * net_->state_size());
    tile_values_.resize(tiles_.last - tiles_.first);
    std::fill(out.begin(), out.end(), 0.0);
    start_presence_.reset(start);
    for (std::size_t t = tiles_.first; t < tiles_.last; ++t) {
      const std::size_t own = t - tiles_.first;
      T* state = chain_memory_.data() + own * net_->state_size();
      presence_ = start_presence_;
      double value = go_on ? tile_values_[own] : tile_value(t, fresh(presence_, t, state, true));
      out[0] += value;
      for (std::size_t k = 0; k < toggles.size(); ++k) {
        const detail::Place place = presence_.place(toggles[k]);
        if ((chain_steps_ + k + 1) % refresh_interval == 0) {
          presence_.toggle(place);
          value = tile_value(t, fresh(presence_, t, state, true));
        } else if (const T* logits = toggle(t, state, place, true)) {
          value = tile_value(t, logits);
        }
        out[k + 1] += value;
      }
      tile_values_[own] = value;
    }
    chain_steps_ += toggles.size();
    chain_end_ = start;
    for (const Player p : toggles)
      chain_end_.toggle(p);
    finish(out, [&](std::size_t k) {
      chain_end_ = Coalition();  // nothing goes on from here
      Coalition kept = start;
      for (const Player p : toggles.first(k))
        kept.toggle(p);
      return kept;
    });
  }

  /// Star rung.
  void star(const Coalition& centre, std::span<const Player> players, std::span<double> out) {
    check(centre, players);
    std::fill(out.begin(), out.end(), 0.0);
    // Later stages first: a toggle spoils what follows the stage that reads it, which the players
    // of that stage and of later ones would still need.
    order_.resize(players.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      const auto stage_a = presence_.place(players[a]).stage;
      const auto stage_b = presence_.place(players[b]).stage;
      return stage_a != stage_b ? stage_a > stage_b : a < b;
    });
    spare_.resize(net_->spare_size());
    presence_.reset(centre);
    for (std::size_t t = tiles_.first; t < tiles_.last; ++t) {
      const double value = tile_value(t, fresh(presence_, t, memory_.data(), true));
      out[0] += value;
      for (const std::size_t k : order_) {
        const detail::Place place = presence_.place(players[k]);
        const T* logits = toggle(t, memory_.data(), place, false);
        out[k + 1] += logits == nullptr ? value : tile_value(t, logits);
        presence_.toggle(place);
      }
    }
    finish(out, [&](std::size_t k) {
      Coalition kept = centre;
      if (k > 0) kept.toggle(players[k - 1]);
      return kept;
    });
  }

 private:
  void check(const Coalition& kept, std::span<const Player> toggled = {}) const {
    detail::require_players("NetworkGame", players(), kept.players());
    detail::require_players_below("NetworkGame", players(), toggled);
  }

  double tile_value(std::size_t t, const T* logits) const { return target_->sum(t, logits); }

  /// Sums become means. coalition_of(k) is asked for where one is not finite.
  template <class CoalitionOf>
  void finish(std::span<double> out, CoalitionOf&& coalition_of) const {
    for (std::size_t k = 0; k < out.size(); ++k) {
      out[k] /= static_cast<double>(tiles_.images);
      if (!std::isfinite(out[k])) [[unlikely]] {
        detail::fail("NetworkGame", "finite outputs of the network",
                     detail::text("others for coalition ", coalition_of(k)));
      }
    }
  }

  static detail::Inputs inputs(const detail::Presence& presence, std::size_t stage) {
    return {presence.channels(stage), presence.rows(stage)};
  }

  const T* leaving(std::size_t t, const T* state, std::size_t stage) const {
    return stage == net_->first() ? net_->prefix(t) : net_->a(state, stage);
  }

  /// All stages behind the prefix, from nothing; returns the logits. With `keep_z` what toggles
  /// update later is kept.
  const T* fresh(const detail::Presence& presence, std::size_t t, T* state, bool keep_z) {
    return run_from(net_->first(), presence, t, state, keep_z);
  }

  /// The stages after `stage`, whose own output is up to date.
  const T* run_from(std::size_t stage, const detail::Presence& presence, std::size_t t, T* state,
                    bool keep_z) {
    for (std::size_t s = stage + 1; s < net_->stages(); ++s) {
      const auto& runner = net_->stage(s);
      const T* in = leaving(t, state, s - 1);
      T* z = net_->z(state, s);
      T* a = net_->a(state, s);
      if (keep_z && net_->has_players(s - 1)) {
        runner.mix(inputs(presence, s - 1), presence.channels(s), in, z);
        runner.finish(presence.channels(s), z, a, scratch_.data());
      } else {
        runner.forward(inputs(presence, s - 1), presence.channels(s), in, z, a, scratch_.data());
      }
    }
    return net_->a(state, net_->stages() - 1);
  }

  /// Toggles one unit; returns the logits, or null when they have not changed. With `keep` false
  /// the sums that later toggles of the same stage update stay as they were.
  const T* toggle(std::size_t t, T* state, const detail::Place& place, bool keep) {
    const bool enters = !presence_.contains(place);
    const std::size_t s = place.stage;
    const auto unit = std::span(&place.channel, 1);
    if (s > net_->first()) {
      if (enters) {
        net_->stage(s).mix(inputs(presence_, s - 1), unit, leaving(t, state, s - 1),
                           net_->z(state, s));
      }
      // Toggles that ran through a fused stage have not written what leaves it.
      if (enters || (net_->fused(s) && net_->has_players(s - 1))) {
        net_->stage(s).finish(unit, net_->z(state, s), net_->a(state, s), scratch_.data());
      }
    }
    presence_.toggle(place);
    const T* out = leaving(t, state, s);
    const std::size_t size = net_->stage(s).rows() * nn::tile_images;
    const T* rows = out + place.channel * size;
    if (std::all_of(rows, rows + size, [](T x) { return x == T{0}; })) return nullptr;
    const T sign = enters ? T{1} : T{-1};
    const auto units = presence_.channels(s + 1);
    T* z = net_->z(state, s + 1);
    if (net_->fused(s + 1)) {
      const auto& last = net_->stage(s + 2);
      T* logits = net_->a(state, s + 2);
      T* sums = !keep && last.only_mixes() ? logits : net_->z(state, s + 2);
      net_->stage(s + 1).toggle_through(place.channel, sign, units, out, z, keep, last, sums);
      if (sums != logits) {
        last.finish(presence_.channels(s + 2), sums, logits, scratch_.data());
      }
      return logits;
    }
    net_->stage(s + 1).toggle(place.channel, sign, units, out, z, keep, net_->a(state, s + 1),
                              spare_.data(), scratch_.data());
    return run_from(s + 1, presence_, t, state, keep);
  }

  std::shared_ptr<const detail::StagedNetwork<T>> net_;
  std::shared_ptr<const detail::Target<T>> target_;
  detail::TileRange tiles_;
  detail::Presence presence_;
  detail::Presence start_presence_;
  std::vector<detail::Presence> batch_;  // of as many coalitions as are evaluated together
  nn::AlignedVector<T> memory_;          // one tile's state: of fresh evaluations and stars
  nn::AlignedVector<T> chain_memory_;    // every tile's state, so that a chain can go on
  nn::AlignedVector<T> scratch_;
  nn::AlignedVector<T> spare_;  // stars: sums that are not to be kept
  std::vector<double> tile_values_;
  std::vector<std::size_t> order_;
  Coalition chain_end_;
  std::size_t chain_steps_ = 0;
};

}  // namespace gtap
