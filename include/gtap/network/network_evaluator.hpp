#pragma once

#include <gtap/network/detail/game_network.hpp>
#include <gtap/network/detail/presence.hpp>
#include <gtap/network/detail/target.hpp>
#include <gtap/nn/aligned.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace gtap {

/// One thread's worker of a NetworkGame: owns all memory that evaluations need and allocates
/// nothing once each of its members has been called. That memory is, for 64 images, all numbers
/// that depend on the coalition: what leaves the layers behind the first that has players, and sums
/// that toggles update; once chain() has been called also for all images, because a chain may go
/// on: in float 880 bytes an image for 784-300-100-10, which is 0.9 MB at 1,000 images, and 20 kB
/// an image for LeNet-5, 20 MB.
///
/// It goes tile by tile: all coalitions, or all steps of a chain, on 64 images whose state stays in
/// cache, then the next 64. A toggled unit updates what the layers that read it receive and
/// recomputes only what follows. Keeps the game's snapshot alive; not thread-safe, one for each
/// thread.
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
  NetworkEvaluator(std::shared_ptr<const detail::GameNetwork<T>> net,
                   std::shared_ptr<const detail::Target<T>> target, detail::TileRange tiles)
      : net_(std::move(net)),
        target_(std::move(target)),
        tiles_(tiles),
        presence_(net_->presence()),
        start_presence_(net_->presence()),
        batch_(16, net_->presence()),
        memory_(net_->state_size()),
        scratch_(net_->scratch_size()),
        spare_(net_->spare_size()) {
    order_.reserve(players());
    channels_.resize(net_->most_inputs());
    rows_.resize(net_->most_inputs());
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
        if ((chain_steps_ + k + 1) % refresh_interval == 0) {
          presence_.toggle(toggles[k]);
          value = tile_value(t, fresh(presence_, t, state, true));
        } else if (const T* logits = toggle(t, state, toggles[k], true)) {
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
    // Later steps first: a toggle spoils what follows the steps that read it, which the players of
    // these and of later ones would still need.
    order_.resize(players.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      const auto step_a = net_->plan(players[a]).first_stale;
      const auto step_b = net_->plan(players[b]).first_stale;
      return step_a != step_b ? step_a > step_b : a < b;
    });
    // Where no order would do, stale steps are written to memory of their own.
    if (net_->spoils()) shadow_.resize(net_->state_size());
    presence_.reset(centre);
    for (std::size_t t = tiles_.first; t < tiles_.last; ++t) {
      const double value = tile_value(t, fresh(presence_, t, memory_.data(), true));
      out[0] += value;
      for (const std::size_t k : order_) {
        const T* logits = toggle(t, memory_.data(), players[k], false);
        out[k + 1] += logits == nullptr ? value : tile_value(t, logits);
        presence_.toggle(players[k]);
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

  /// What leaves a step, in a tile's state; in `stale` where the plan makes it so, if given.
  const T* leaving(std::size_t s, std::size_t t, const T* state,
                   const detail::PlayerPlan* plan = nullptr, const T* stale = nullptr) const {
    const auto& memory = net_->memory(s);
    if (memory.known != nullptr) return memory.known + t * memory.tile_size;
    const bool elsewhere = plan != nullptr && plan->states[s] == detail::StepState::stale;
    return (elsewhere ? stale : state) + memory.a;
  }

  /// What a step reads; valid until the next call.
  detail::StepInputs<T> inputs(const detail::Presence& presence, std::size_t s, std::size_t t,
                               const T* state, const detail::PlayerPlan* plan = nullptr,
                               const T* stale = nullptr) {
    const auto& in = net_->step(s).in;
    for (std::size_t k = 0; k < in.size(); ++k) {
      channels_[k] = presence.read(in[k]);
      rows_[k] = leaving(in[k], t, state, plan, stale);
    }
    return {std::span(channels_).first(in.size()),
            std::span<const T* const>(rows_.data(), in.size())};
  }

  /// The sums of a step, where they are kept; else memory for them.
  T* sums(std::size_t s, T* state) {
    return net_->memory(s).updated ? state + net_->memory(s).z : spare_.data();
  }

  /// All steps that depend on the coalition, from nothing; returns the logits. With `keep` what
  /// toggles update later is kept.
  const T* fresh(const detail::Presence& presence, std::size_t t, T* state, bool keep) {
    for (const std::uint32_t s : net_->live()) {
      recompute(s, presence.made(s), inputs(presence, s, t, state), state, keep,
                state + net_->memory(s).a);
    }
    return leaving(net_->steps() - 1, t, state);
  }

  void recompute(std::size_t s, std::span<const std::uint32_t> units,
                 const detail::StepInputs<T>& in, T* state, bool keep, T* a) {
    const auto& runner = net_->runner(s);
    if (keep && net_->memory(s).updated) {
      T* const z = state + net_->memory(s).z;
      runner.mix(in, units, z);
      runner.finish(units, z, a, scratch_.data());
    } else {
      runner.forward(in, units, spare_.data(), a, scratch_.data());
    }
  }

  /// Toggles one unit; returns the logits, or null when they have not changed. With `keep` false
  /// sums that later toggles update stay as they were.
  const T* toggle(std::size_t t, T* state, Player player, bool keep) {
    using detail::ToggleAction;
    const detail::PlayerPlan& plan = net_->plan(player);
    const bool enters = presence_.toggle(player);
    for (const ToggleAction& action : plan.own)
      own_channels(plan, action, t, state, enters);
    if (plan.may_vanish && vanishes(plan, t, state)) return nullptr;
    T* const stale = keep || !net_->spoils() ? state : shadow_.data();
    for (const ToggleAction& action : plan.later) {
      const std::size_t s = action.step;
      const auto& memory = net_->memory(s);
      T* const a = stale + memory.a;
      const auto units = presence_.made(s);
      if (action.work == ToggleAction::recompute) {
        recompute(s, units, inputs(presence_, s, t, state, &plan, stale), state, keep, a);
        continue;
      }
      const T* const in = leaving(net_->step(s).in[0], t, state);
      const T sign = enters ? T{1} : T{-1};
      T* const z = state + memory.z;
      const std::size_t last = memory.fused;
      if (last != 0 && action.count == 1) {
        const auto& runner = net_->runner(last);
        T* const logits = stale + net_->memory(last).a;
        T* const last_z = runner.only_head() && !(keep && net_->memory(last).updated) ? logits
                          : keep ? sums(last, state)
                                 : spare_.data();
        net_->runner(s).update_through(action.first, sign, units, in, z, keep, runner, last_z);
        if (last_z != logits) {
          runner.finish(presence_.made(last), last_z, logits, scratch_.data());
        }
        return logits;
      }
      net_->runner(s).update(action.first, action.count, sign, units, in, z, keep, a, spare_.data(),
                             scratch_.data());
    }
    return leaving(net_->steps() - 1, t, state, &plan, stale);
  }

  /// A unit's own channels of a step that does not change otherwise.
  void own_channels(const detail::PlayerPlan& plan, const detail::ToggleAction& action,
                    std::size_t t, T* state, bool enters) {
    const std::size_t s = action.step;
    const auto units = std::span(plan.own_channels + action.first, action.count);
    T* const z = sums(s, state);
    T* const a = state + net_->memory(s).a;
    const auto& runner = net_->runner(s);
    // Toggles that ran through a fused step have not written what leaves it.
    const bool unwritten = net_->memory(s).fused != 0;
    if (net_->memory(s).updated) {
      if (enters) runner.mix(inputs(presence_, s, t, state), units, z);
      if (enters || unwritten) runner.finish(units, z, a, scratch_.data());
    } else if (enters) {
      runner.forward(inputs(presence_, s, t, state), units, z, a, scratch_.data());
    }
  }

  /// Whether the numbers of all of a unit's channels that are read further on are zero.
  bool vanishes(const detail::PlayerPlan& plan, std::size_t t, const T* state) const {
    for (const detail::Place& place : plan.sources) {
      const std::size_t size = net_->memory(place.step).source_size;
      const T* rows = leaving(place.step, t, state) + place.channel * size;
      if (!std::all_of(rows, rows + size, [](T x) { return x == T{0}; })) return false;
    }
    return true;
  }

  std::shared_ptr<const detail::GameNetwork<T>> net_;
  std::shared_ptr<const detail::Target<T>> target_;
  detail::TileRange tiles_;
  detail::Presence presence_;
  detail::Presence start_presence_;
  std::vector<detail::Presence> batch_;  // of as many coalitions as are evaluated together
  nn::AlignedVector<T> memory_;          // one tile's state: of fresh evaluations and stars
  nn::AlignedVector<T> chain_memory_;    // every tile's state, so that a chain can go on
  nn::AlignedVector<T> scratch_;
  nn::AlignedVector<T> spare_;          // sums that are not to be kept
  nn::AlignedVector<T> shadow_;         // stars that no order saves: what leaves stale steps
  std::vector<nn::Channels> channels_;  // what a step reads
  std::vector<const T*> rows_;
  std::vector<double> tile_values_;
  std::vector<std::size_t> order_;
  Coalition chain_end_;
  std::size_t chain_steps_ = 0;
};

}  // namespace gtap
