#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/layer_work.hpp>
#include <gtap/nn/layers/channel_select.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::nn {

/// Channels of zeros before and after those of the input: with a MaxPool2d of size 1 and stride 2
/// it is the shortcut without parameters of residual networks.
struct ChannelPad {
  static constexpr std::string_view kind = "pad";
  std::size_t before = 0;
  std::size_t after = 0;
  std::string name = {};
  static constexpr Needed needs_output = Needed::nothing;

  Shape output_shape(std::span<const Shape> in, std::string_view) const {
    return {before + in[0].channels + after, in[0].height, in[0].width};
  }
  ChannelMap channel_map(std::span<const Shape> in, std::size_t) const {
    std::vector<std::int64_t> from(before + in[0].channels + after);
    for (std::size_t c = 0; c < from.size(); ++c)
      from[c] = source(c, in[0].channels);
    return ChannelMap::selecting(std::move(from));
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    detail::forward_selection(t, [&](std::size_t c) { return source(c, t.in[0].channels); });
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    detail::backward_selection(t, [&](std::size_t c) { return source(c, t.in[0].channels); });
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("before", self.before);
    visit("after", self.after);
  }

 private:
  std::int64_t source(std::size_t c, std::size_t channels) const {
    const bool inside = c >= before && c < before + channels;
    return inside ? static_cast<std::int64_t>(c - before) : -1;
  }
};

}  // namespace gtap::nn
