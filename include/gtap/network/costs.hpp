#pragma once

#include <gtap/network/detail/slices.hpp>
#include <gtap/network/units.hpp>

#include <cstddef>

namespace gtap {

/// Parameters and multiply-adds that the compacted network would have. They are not sums over
/// units: a weight goes when either of its ends goes. They fall with every unit that leaves, except
/// where that opens a grouped convolution (see compact()). There they grow, and a procedure that
/// passes it with such a budget throws.
struct Cost {
  std::size_t parameters = 0;
  std::size_t macs = 0;
};

/// The cost of keeping these units: exactly that of the network which compact() returns.
template <class T>
Cost cost(const nn::Network<T>& net, const Units& units, const Coalition& kept) {
  Cost total;
  const std::vector<detail::Slice> left = detail::slices("cost", net, units, kept);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!left[i].needed) continue;
    const nn::Node<T>& node = net.nodes()[i];
    const std::size_t out = left[i].out.size();
    if (left[i].affine) {
      total.parameters += 2 * out;
      continue;
    }
    const auto before = static_cast<std::size_t>(node.weight.size());
    std::size_t weights = 0;
    if (node.layer.is_mixing() || nn::ChannelTies::makes(node)) {
      std::size_t groups = 1;
      if (const auto* conv = nn::as<nn::Conv2d>(node.layer)) groups = conv->groups;
      // Weights of one output and one input of its group.
      const std::size_t taps = before / node.out.channels / (node.in.channels / groups);
      weights = out * (left[i].in[0].size() / left[i].groups) * taps;
      total.macs += weights * node.out.pixels();
    } else {
      weights = before / node.out.channels * out;
    }
    total.parameters += weights + (node.bias.size() > 0 ? out : 0);
  }
  return total;
}

/// Parameters as a function of the coalition, for a Budget. The network must outlive it.
template <class T>
auto parameter_cost(const nn::Network<T>& net, Units units) {
  return [&net, units = std::move(units)](const Coalition& kept) {
    return static_cast<double>(cost(net, units, kept).parameters);
  };
}

/// Multiply-adds of one image as a function of the coalition, for a Budget. The network must
/// outlive it.
template <class T>
auto mac_cost(const nn::Network<T>& net, Units units) {
  return [&net, units = std::move(units)](const Coalition& kept) {
    return static_cast<double>(cost(net, units, kept).macs);
  };
}

}  // namespace gtap
