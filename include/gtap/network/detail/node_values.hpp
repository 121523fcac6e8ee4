#pragma once

#include <gtap/nn/channels.hpp>
#include <gtap/nn/layer_forward.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/plan.hpp>
#include <gtap/nn/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace gtap::detail {

/// What the nodes of a network make of images, one node after another. Numbers that no later node
/// reads are let go. Refers to the network, whose later nodes may change in between.
template <class T>
class NodeValues {
 public:
  using Values = std::shared_ptr<const nn::Tensor<T>>;

  NodeValues(const nn::Network<T>& net, const nn::Tensor<T>& images)
      : net_(&net), images_(std::make_shared<nn::Tensor<T>>(images)), values_(net.nodes().size()) {
    for (const auto& readers : nn::detail::readers(net))
      unread_.push_back(readers.size());
  }

  /// An input of node i, which is the next one.
  const Values& input(std::size_t i, std::size_t k) const {
    const std::size_t from = net_->nodes()[i].inputs[k];
    return from == nn::network_input ? images_ : values_[from];
  }

  /// Runs node i, the next one, or takes its output from elsewhere. Inputs stay until step().
  const Values& run(std::size_t i) {
    const nn::Node<T>& node = net_->nodes()[i];
    auto out = std::make_shared<nn::Tensor<T>>(node.out, images_->images());
    std::vector<std::vector<std::uint32_t>> lists;
    for (const nn::Shape& in : node.ins)
      lists.push_back(nn::detail::all_channels(in.channels));
    const auto written = nn::detail::all_channels(node.out.channels);
    const std::vector<nn::Channels> read(lists.begin(), lists.end());
    std::vector<const T*> rows(node.inputs.size());
    for (std::size_t t = 0; t < out->tiles(); ++t) {
      for (std::size_t k = 0; k < rows.size(); ++k)
        rows[k] = input(i, k)->tile(t);
      nn::forward_tile(node, std::span<const nn::Channels>(read), nn::Channels(written),
                       std::span<const T* const>(rows), out->tile(t));
    }
    return values_[i] = std::move(out);
  }
  void take(std::size_t i, Values values) { values_[i] = std::move(values); }

  /// Says that node i has been dealt with.
  void step(std::size_t i) {
    for (const std::size_t from : net_->nodes()[i].inputs) {
      if (from != nn::network_input && --unread_[from] == 0) values_[from] = nullptr;
    }
  }

 private:
  const nn::Network<T>* net_;
  Values images_;
  std::vector<Values> values_;  // by node
  std::vector<std::size_t> unread_;
};

}  // namespace gtap::detail
