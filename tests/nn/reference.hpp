#pragma once

// Layers once more, as plain loops over single images in [channel][row][column] order, written from
// their definitions only: what the library's tiles and kernels are compared with.

#include <gtap/core/random.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/network.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace reference {

using namespace gtap::nn;
using Image = std::vector<double>;

/// The number at a pixel, 0 outside of the image.
inline double pixel(const Image& image, Shape shape, std::size_t c, std::ptrdiff_t y,
                    std::ptrdiff_t x) {
  if (y < 0 || x < 0 || y >= std::ptrdiff_t(shape.height) || x >= std::ptrdiff_t(shape.width))
    return 0.0;
  return image[(c * shape.height + std::size_t(y)) * shape.width + std::size_t(x)];
}

template <class T>
Image layer(const Node<T>& node, const Dense&, const Image& x) {
  Image y(node.out.size());
  for (std::size_t o = 0; o < y.size(); ++o) {
    y[o] = node.bias.size() > 0 ? double(node.bias(Eigen::Index(o))) : 0.0;
    for (std::size_t i = 0; i < x.size(); ++i)
      y[o] += double(node.weight(Eigen::Index(o), Eigen::Index(i))) * x[i];
  }
  return y;
}

template <class T>
Image layer(const Node<T>& node, const Conv2d& conv, const Image& x) {
  Image y;
  const std::size_t ins = node.in.channels / conv.groups;
  const std::size_t outs = node.out.channels / conv.groups;
  for (std::size_t o = 0; o < node.out.channels; ++o) {
    for (std::size_t v = 0; v < node.out.height; ++v) {
      for (std::size_t u = 0; u < node.out.width; ++u) {
        double sum = node.bias.size() > 0 ? double(node.bias(Eigen::Index(o))) : 0.0;
        for (std::size_t c = 0; c < ins; ++c) {
          for (std::size_t ky = 0; ky < conv.kernel.height; ++ky) {
            for (std::size_t kx = 0; kx < conv.kernel.width; ++kx) {
              const std::size_t column = (c * conv.kernel.height + ky) * conv.kernel.width + kx;
              const auto py = std::ptrdiff_t(v * conv.stride.height + ky * conv.dilation.height) -
                              std::ptrdiff_t(conv.padding.height);
              const auto px = std::ptrdiff_t(u * conv.stride.width + kx * conv.dilation.width) -
                              std::ptrdiff_t(conv.padding.width);
              sum += double(node.weight(Eigen::Index(o), Eigen::Index(column))) *
                     pixel(x, node.in, o / outs * ins + c, py, px);
            }
          }
        }
        y.push_back(sum);
      }
    }
  }
  return y;
}

template <class T, class Pool>
Image pooled(const Node<T>& node, const Pool& pool, const Image& x, bool largest) {
  Image y;
  const std::size_t sh = pool.stride.height == 0 ? pool.size.height : pool.stride.height;
  const std::size_t sw = pool.stride.width == 0 ? pool.size.width : pool.stride.width;
  for (std::size_t c = 0; c < node.out.channels; ++c) {
    for (std::size_t v = 0; v < node.out.height; ++v) {
      for (std::size_t u = 0; u < node.out.width; ++u) {
        double sum = 0.0;
        double most = -INFINITY;
        for (std::size_t ky = 0; ky < pool.size.height; ++ky) {
          for (std::size_t kx = 0; kx < pool.size.width; ++kx) {
            const auto py = std::ptrdiff_t(v * sh + ky) - std::ptrdiff_t(pool.padding.height);
            const auto px = std::ptrdiff_t(u * sw + kx) - std::ptrdiff_t(pool.padding.width);
            sum += pixel(x, node.in, c, py, px);
            if (py >= 0 && px >= 0 && py < std::ptrdiff_t(node.in.height) &&
                px < std::ptrdiff_t(node.in.width))
              most = std::max(most, pixel(x, node.in, c, py, px));
          }
        }
        y.push_back(largest ? most : sum / double(pool.size.height * pool.size.width));
      }
    }
  }
  return y;
}

template <class T>
Image layer(const Node<T>& node, const MaxPool2d& pool, const Image& x) {
  return pooled(node, pool, x, true);
}
template <class T>
Image layer(const Node<T>& node, const AvgPool2d& pool, const Image& x) {
  return pooled(node, pool, x, false);
}
template <class T>
Image layer(const Node<T>& node, const GlobalAvgPool&, const Image& x) {
  Image y(node.out.size(), 0.0);
  for (std::size_t i = 0; i < x.size(); ++i)
    y[i / node.in.pixels()] += x[i] / double(node.in.pixels());
  return y;
}
template <class F>
Image each(Image x, F f) {
  for (double& v : x)
    v = f(v);
  return x;
}
template <class T>
Image layer(const Node<T>&, const Relu&, const Image& x) {
  return each(x, [](double v) { return v < 0.0 ? 0.0 : v; });
}
template <class T>
Image layer(const Node<T>&, const LeakyRelu& leaky, const Image& x) {
  return each(x, [&](double v) { return v < 0.0 ? leaky.slope * v : v; });
}
template <class T>
Image layer(const Node<T>&, const Sigmoid&, const Image& x) {
  return each(x, [](double v) { return 1.0 / (1.0 + std::exp(-v)); });
}
template <class T>
Image layer(const Node<T>&, const Tanh&, const Image& x) {
  return each(x, [](double v) { return std::tanh(v); });
}
template <class T>
Image layer(const Node<T>&, const Gelu&, const Image& x) {
  return each(x, [](double v) { return v * 0.5 * std::erfc(-v / std::sqrt(2.0)); });
}
template <class T>
Image layer(const Node<T>&, const Flatten&, const Image& x) {
  return x;
}
template <class T>
Image layer(const Node<T>&, const gtap::nn::Dropout&, const Image& x) {
  return x;
}
template <class T>
Image layer(const Node<T>& node, const BatchNorm& norm, Image x) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto c = Eigen::Index(i / node.in.pixels());
    x[i] = (x[i] - double(node.running_mean(c))) /
               std::sqrt(double(node.running_var(c)) + norm.epsilon) * double(node.weight(0, c)) +
           double(node.bias(c));
  }
  return x;
}
template <class T>
Image layer(const Node<T>&, const Softmax&, Image x) {
  double sum = 0.0;
  for (double& v : x)
    sum += v = std::exp(v);
  return each(x, [&](double v) { return v / sum; });
}

template <class T>
Image layer(const Node<T>&, const SiLU&, const Image& x) {
  return each(x, [](double v) { return v / (1.0 + std::exp(-v)); });
}
inline double hard_sigmoid(double v) {
  return v <= -3.0 ? 0.0 : v >= 3.0 ? 1.0 : v / 6.0 + 0.5;
}
template <class T>
Image layer(const Node<T>&, const HardSigmoid&, const Image& x) {
  return each(x, hard_sigmoid);
}
template <class T>
Image layer(const Node<T>&, const HardSwish&, const Image& x) {
  return each(x, [](double v) { return v * hard_sigmoid(v); });
}
template <class T>
Image layer(const Node<T>&, const Clip& clip, const Image& x) {
  return each(x, [&](double v) { return v < clip.low ? clip.low : v > clip.high ? clip.high : v; });
}
template <class T>
Image layer(const Node<T>& node, const GlobalMaxPool&, const Image& x) {
  Image y(node.out.size(), -INFINITY);
  for (std::size_t i = 0; i < x.size(); ++i)
    y[i / node.in.pixels()] = std::max(y[i / node.in.pixels()], x[i]);
  return y;
}
template <class T>
Image layer(const Node<T>& node, const LayerNorm& norm, Image x) {
  const std::size_t pixels = node.in.pixels();
  for (std::size_t p = 0; p < pixels; ++p) {
    double mean = 0.0;
    double variance = 0.0;
    for (std::size_t c = 0; c < node.in.channels; ++c)
      mean += x[c * pixels + p] / double(node.in.channels);
    for (std::size_t c = 0; c < node.in.channels; ++c)
      variance += std::pow(x[c * pixels + p] - mean, 2) / double(node.in.channels);
    for (std::size_t c = 0; c < node.in.channels; ++c) {
      double& v = x[c * pixels + p];
      v = (v - mean) / std::sqrt(variance + norm.epsilon) *
              double(node.weight(0, Eigen::Index(c))) +
          double(node.bias(Eigen::Index(c)));
    }
  }
  return x;
}
template <class T>
Image layer(const Node<T>& node, const ZeroPad2d& pad, const Image& x) {
  Image y;
  for (std::size_t c = 0; c < node.out.channels; ++c) {
    for (std::size_t v = 0; v < node.out.height; ++v) {
      for (std::size_t u = 0; u < node.out.width; ++u)
        y.push_back(pixel(x, node.in, c, std::ptrdiff_t(v) - std::ptrdiff_t(pad.top),
                          std::ptrdiff_t(u) - std::ptrdiff_t(pad.left)));
    }
  }
  return y;
}
template <class T>
Image layer(const Node<T>& node, const Upsample& up, const Image& x) {
  Image y;
  for (std::size_t c = 0; c < node.out.channels; ++c) {
    for (std::size_t v = 0; v < node.out.height; ++v) {
      for (std::size_t u = 0; u < node.out.width; ++u)
        y.push_back(pixel(x, node.in, c, std::ptrdiff_t(v / up.factor.height),
                          std::ptrdiff_t(u / up.factor.width)));
    }
  }
  return y;
}
template <class T>
Image layer(const Node<T>& node, const ChannelSlice& slice, const Image& x) {
  const auto begin = x.begin() + std::ptrdiff_t(slice.first * node.in.pixels());
  return Image(begin, begin + std::ptrdiff_t(slice.count * node.in.pixels()));
}
template <class T>
Image layer(const Node<T>& node, const ChannelPad& pad, const Image& x) {
  Image y(pad.before * node.in.pixels(), 0.0);
  y.insert(y.end(), x.begin(), x.end());
  y.resize(y.size() + pad.after * node.in.pixels(), 0.0);
  return y;
}
template <class T>
Image layer(const Node<T>& node, const ChannelSelect& select, const Image& x) {
  Image y;
  for (const std::int64_t c : select.channels) {
    for (std::size_t p = 0; p < node.in.pixels(); ++p)
      y.push_back(c < 0 ? 0.0 : x[std::size_t(c) * node.in.pixels() + p]);
  }
  return y;
}

// Layers with several inputs.
template <class T, class L>
Image join(const Node<T>& node, const L& l, const std::vector<Image>& x) {
  return layer(node, l, x[0]);
}
template <class T>
Image join(const Node<T>&, const Add&, const std::vector<Image>& x) {
  Image y = x[0];
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t k = 1; k < x.size(); ++k)
      y[i] += x[k][i];
  }
  return y;
}
template <class T>
Image join(const Node<T>& node, const Multiply&, const std::vector<Image>& x) {
  Image y = x[0];
  for (std::size_t i = 0; i < y.size(); ++i)
    y[i] *= x[1].size() == y.size() ? x[1][i] : x[1][i / node.in.pixels()];
  return y;
}
template <class T>
Image join(const Node<T>&, const Concat&, const std::vector<Image>& x) {
  Image y;
  for (const Image& part : x)
    y.insert(y.end(), part.begin(), part.end());
  return y;
}
/// Of a layer of any kind of the library; of somebody else's nothing is known here.
template <class T>
Image join(const Node<T>& node, const std::vector<Image>& x) {
  Image y;
  for_each_kind([&](auto kind) {
    if (const auto* layer = as<decltype(kind)>(node.layer)) y = join(node, *layer, x);
  });
  return y;
}

/// All layers of a network on one image.
template <class T>
Image forward(const Network<T>& net, const Image& input) {
  std::vector<Image> values;
  for (const Node<T>& node : net.nodes()) {
    std::vector<Image> x;
    for (const std::size_t from : node.inputs)
      x.push_back(from == network_input ? input : values[from]);
    values.push_back(join(node, x));
  }
  return values.back();
}

/// Every parameter and running statistic drawn anew; variances positive.
template <class T>
void randomize(Network<T>& net, std::uint64_t seed) {
  gtap::RandomStream random(seed, 0);
  const auto fill = [&](auto& values, double centre) {
    for (Eigen::Index i = 0; i < values.size(); ++i)
      values.data()[i] = T(centre + random.uniform() - 0.5);
  };
  for (Node<T>& node : net.edit_nodes()) {
    fill(node.weight,
         node.weight.rows() == 1 && node.layer.parameter_shape(node.ins).start == 1.0 ? 1.0 : 0.0);
    fill(node.bias, 0.0);
    fill(node.running_mean, 0.0);
    fill(node.running_var, 1.0);
  }
}

/// Normal pixels and uniform labels.
template <class T>
Dataset<T> random_data(Shape shape, std::size_t images, std::size_t classes, std::uint64_t seed) {
  gtap::RandomStream random(seed, 1);
  std::vector<T> plain(images * shape.size());
  for (T& v : plain)
    v = T(random.normal());
  Dataset<T> data{Tensor<T>::from_images(shape, plain), {}};
  for (std::size_t i = 0; i < images; ++i)
    data.labels.push_back(random.below(std::uint32_t(classes)));
  return data;
}

}  // namespace reference
