#pragma once

#include <gtap/core/target.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace gtap::nn {

/// How the channels of one input of a layer become channels of its output. Shapes of weights, ties
/// between channels, masks and compaction follow from it.
struct ChannelMap {
  enum Kind {
    mixes,  ///< each output channel is made of all input channels of its group: dense, convolution
    keeps,  ///< output channel c comes from input channel c: activations, pooling, additions
    spreads,   ///< output channels c * spread and on come from input channel c: flatten
    places,    ///< output channel c + offset comes from input channel c: concatenation, slices
    selects,   ///< output channel k is a copy of input channel from[k], or zeros: padding
    needs_all  ///< every output channel reads every input channel, and none may be absent: softmax
  };
  Kind kind = keeps;
  std::size_t groups = 1;               ///< of `mixes`
  std::size_t spread = 1;               ///< of `spreads`
  std::ptrdiff_t offset = 0;            ///< of `places`
  std::vector<std::int64_t> from = {};  ///< of `selects`: -1 stands for zeros

  static ChannelMap mixing(std::size_t groups = 1) {
    ChannelMap map{mixes};
    map.groups = groups;
    return map;
  }
  static ChannelMap keeping() { return {}; }
  static ChannelMap spreading(std::size_t spread) {
    ChannelMap map{spreads};
    map.spread = spread;
    return map;
  }
  static ChannelMap placing(std::ptrdiff_t offset) {
    ChannelMap map{places};
    map.offset = offset;
    return map;
  }
  static ChannelMap selecting(std::vector<std::int64_t> from) {
    ChannelMap map{selects};
    map.from = std::move(from);
    return map;
  }
  static ChannelMap needing_all() { return ChannelMap{needs_all}; }

  /// Whether an input channel that is absent makes output channels absent, and the other way round.
  bool ties() const { return kind == keeps || kind == spreads || kind == places; }

  /// Calls visit(output channel) for those that come from input channel c, of `outs` in all. For
  /// maps that tie.
  template <class Visit>
  void for_outputs(std::size_t c, std::size_t outs, Visit&& visit) const {
    if (kind == spreads) {
      for (std::size_t k = 0; k < spread; ++k)
        visit(c * spread + k);
    } else if (kind == places) {
      const std::ptrdiff_t to = static_cast<std::ptrdiff_t>(c) + offset;
      if (to >= 0 && to < static_cast<std::ptrdiff_t>(outs)) visit(static_cast<std::size_t>(to));
    } else {
      visit(c);
    }
  }
};

}  // namespace gtap::nn
