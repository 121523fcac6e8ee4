#include <gtap/nn/kernels/conv2d.hpp>
#include <gtap/nn/kernels/dense.hpp>

#include "../peak.hpp"
#include "sides.hpp"

#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace gtap_bench {

namespace {

namespace kernels = gtap::nn::kernels;
constexpr kernels::Activation relu{kernels::Activation::relu};

std::vector<std::uint32_t> all(std::size_t count) {
  std::vector<std::uint32_t> list(count);
  std::iota(list.begin(), list.end(), 0u);
  return list;
}

struct Layer {
  Layer(std::size_t in_size, std::size_t weights, std::size_t biases, std::size_t out_size)
      : in(in_size, 1), weight(weights, 2), bias(biases, 3), out(out_size) {}
  Buffer in, weight, bias, out;
};

}  // namespace

void add_gtap(const DenseShape& s, Case& work) {
  const std::size_t row = kernels::row_size;
  const std::size_t tiles = (s.batch + row - 1) / row;
  const auto layer =
      std::make_shared<Layer>(tiles * s.in * row, s.in * s.out, s.out, tiles * s.out * row);
  const auto ins = all(s.in);
  const auto outs = all(s.out);
  work.sides.push_back({"gtap", "", [=] {
                          for (std::size_t t = 0; t < tiles; ++t) {
                            kernels::dense(layer->weight.data, s.in, layer->bias.data, ins, outs,
                                           layer->in.data + t * s.in * row,
                                           layer->out.data + t * s.out * row, relu);
                          }
                        }});
}

/// Rows of 16, 32 or 64 images.
void add_gtap(const ConvShape& s, Case& work) {
  const gtap::nn::kernels::ConvGeometry g{.in = {s.in, s.side, s.side},
                                          .out = {s.out, s.out_side(), s.out_side()},
                                          .kernel = s.kernel,
                                          .stride = 1,
                                          .padding = s.padding};
  const auto ins = all(s.in);
  const auto outs = all(s.out);
  for (std::size_t row = 16; row <= std::min(kernels::row_size, s.batch); row *= 2) {
    const std::size_t tiles = (s.batch + row - 1) / row;
    const auto layer = std::make_shared<Layer>(tiles * g.in.size() * row, s.out * g.taps(), s.out,
                                               tiles * g.out.size() * row);
    work.sides.push_back({"gtap", std::to_string(row), [=] {
                            for (std::size_t t = 0; t < tiles; ++t) {
                              kernels::conv2d(g, layer->weight.data, layer->bias.data, ins, outs,
                                              layer->in.data + t * g.in.size() * row,
                                              layer->out.data + t * g.out.size() * row, relu, row);
                            }
                          }});
  }
}

void add_peak(Case& work) {
  work.sides.push_back(peak_side(1));
}

}  // namespace gtap_bench
