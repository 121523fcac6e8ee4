#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/layer_work.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gtap::nn {

namespace detail {

/// Channel k of the output is a copy of input channel from(k), and zeros where that is negative or
/// absent.
template <class T, class From>
void forward_selection(const ForwardTile<T>& t, From from) {
  const std::size_t count = t.out.pixels() * tile_images;
  for (const std::uint32_t c : t.write) {
    const std::int64_t source = from(c);
    const bool there = source >= 0 && std::binary_search(t.read[0].begin(), t.read[0].end(),
                                                         static_cast<std::uint32_t>(source));
    if (there) {
      std::copy_n(t.from(0, static_cast<std::size_t>(source)), count, t.to(c));
    } else {
      std::fill_n(t.to(c), count, T(0));
    }
  }
}

template <class T, class From>
void backward_selection(const BackwardTile<T>& t, From from) {
  if (t.dx[0] == nullptr) return;
  const std::size_t count = t.out.pixels() * tile_images;
  std::fill_n(t.dx[0], t.in[0].size() * tile_images, T(0));
  for (std::size_t c = 0; c < t.out.channels; ++c) {
    const std::int64_t source = from(c);
    if (source < 0) continue;
    T* dx = t.dx[0] + static_cast<std::size_t>(source) * count;
    for (std::size_t i = 0; i < count; ++i)
      dx[i] += t.dy[c * count + i];
  }
}

}  // namespace detail

/// Copies of chosen channels, in any order; -1 stands for a channel of zeros. It is what is left of
/// a ChannelPad in a smaller network.
struct ChannelSelect {
  static constexpr std::string_view kind = "select";
  std::vector<std::int64_t> channels = {};
  std::string name = {};
  static constexpr Needed needs_output = Needed::nothing;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(!channels.empty(), node, "at least 1 channel", "none");
    for (const std::int64_t c : channels) {
      detail::require(c >= -1 && c < static_cast<std::int64_t>(in[0].channels), node,
                      "channels of the input, or -1", detail::text(c, " of ", in[0]));
    }
    return {channels.size(), in[0].height, in[0].width};
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::selecting(channels);
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    detail::forward_selection(t, [this](std::size_t c) { return channels[c]; });
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    detail::backward_selection(t, [this](std::size_t c) { return channels[c]; });
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("channels", self.channels);
  }
};

}  // namespace gtap::nn
