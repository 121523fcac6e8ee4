#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace gtap_bench {

/// A node as the LibTorch side takes it. Weights are laid out as PyTorch has them.
struct PlainLayer {
  enum Kind { dense, conv, relu, max_pool2, flatten, affine, add, halve, pad, global_pool };
  Kind kind;
  std::vector<std::int64_t> weight_shape{};
  const float* weight = nullptr;
  const float* bias = nullptr;
  std::vector<std::size_t> inputs{};    ///< nodes before; empty: the images
  std::int64_t stride = 1;              ///< of a convolution
  std::int64_t padding = 0;             ///< of a convolution; channels before and after of `pad`
  std::vector<std::int64_t> players{};  ///< of each channel that leaves, -1 for nobody's;
                                        ///< empty: no mask
  std::vector<float> numbers{};         ///< memory for weights that are made for LibTorch
};

/// A network in LibTorch whose units are absent by activation times mask, and its value: minus the
/// mean cross-entropy over the images. One thread. What is pointed to must stay.
class TorchSide {
 public:
  TorchSide(std::span<const PlainLayer> layers, std::vector<std::int64_t> image_shape,
            const float* images, std::span<const std::uint32_t> labels);
  ~TorchSide();

  /// Takes a coalition, 1 for present and 0 for absent, and gives its number.
  std::size_t add(std::span<const float> mask);
  /// The value of coalition k: of the whole network, or behind the first masked node's output,
  /// which is kept.
  double value(std::size_t k, bool cached) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether the program was built with LibTorch. If not, a TorchSide must not be made.
bool has_torch();

}  // namespace gtap_bench
