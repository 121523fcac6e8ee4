#pragma once

// All layers of the library.

#include <gtap/nn/layers/add.hpp>
#include <gtap/nn/layers/avg_pool2d.hpp>
#include <gtap/nn/layers/batch_norm.hpp>
#include <gtap/nn/layers/channel_pad.hpp>
#include <gtap/nn/layers/channel_select.hpp>
#include <gtap/nn/layers/channel_slice.hpp>
#include <gtap/nn/layers/clip.hpp>
#include <gtap/nn/layers/concat.hpp>
#include <gtap/nn/layers/conv2d.hpp>
#include <gtap/nn/layers/dense.hpp>
#include <gtap/nn/layers/dropout.hpp>
#include <gtap/nn/layers/flatten.hpp>
#include <gtap/nn/layers/gelu.hpp>
#include <gtap/nn/layers/global_avg_pool.hpp>
#include <gtap/nn/layers/global_max_pool.hpp>
#include <gtap/nn/layers/hard_sigmoid.hpp>
#include <gtap/nn/layers/hard_swish.hpp>
#include <gtap/nn/layers/layer_norm.hpp>
#include <gtap/nn/layers/leaky_relu.hpp>
#include <gtap/nn/layers/max_pool2d.hpp>
#include <gtap/nn/layers/multiply.hpp>
#include <gtap/nn/layers/relu.hpp>
#include <gtap/nn/layers/sigmoid.hpp>
#include <gtap/nn/layers/silu.hpp>
#include <gtap/nn/layers/softmax.hpp>
#include <gtap/nn/layers/tanh.hpp>
#include <gtap/nn/layers/upsample.hpp>
#include <gtap/nn/layers/zero_pad2d.hpp>

#include <utility>

namespace gtap::nn {

/// Calls f with a layer of each kind of the library, with its default settings.
template <class F>
void for_each_kind(F&& f) {
  const auto all = [&](auto... layers) { (f(std::move(layers)), ...); };
  all(Dense{}, Conv2d{}, MaxPool2d{}, AvgPool2d{}, GlobalAvgPool{}, Relu{}, LeakyRelu{}, Sigmoid{},
      Tanh{}, Gelu{}, Flatten{}, BatchNorm{}, Softmax{}, Dropout{}, Add{}, Multiply{}, Concat{},
      ChannelSlice{}, ChannelPad{}, ChannelSelect{}, ZeroPad2d{}, Upsample{}, GlobalMaxPool{},
      LayerNorm{}, HardSigmoid{}, HardSwish{}, SiLU{}, Clip{});
}

}  // namespace gtap::nn
