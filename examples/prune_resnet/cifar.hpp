#pragma once

#include <gtap/nn/dataset.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

/// Training and test images.
struct Images {
  gtap::nn::Dataset<float> train;
  gtap::nn::Dataset<float> test;
};

/// CIFAR-10 in its binary files, data_batch_1.bin to data_batch_5.bin and test_batch.bin: a label
/// and 3 x 32 x 32 bytes an image. Pixels from 0 to 1.
inline Images load_cifar10(const std::filesystem::path& folder) {
  constexpr std::size_t pixels = 3 * 32 * 32;
  const auto read = [&](const std::vector<std::string>& names) {
    gtap::nn::Dataset<float> data;
    std::vector<float> plain;
    for (const std::string& name : names) {
      std::ifstream in(folder / name, std::ios::binary);
      const std::vector<char> bytes(std::istreambuf_iterator<char>(in), {});
      if (!in || bytes.empty() || bytes.size() % (pixels + 1) != 0) {
        throw std::runtime_error((folder / name).string() + ": expected a CIFAR-10 file of " +
                                 std::to_string(pixels + 1) + " bytes an image, got " +
                                 std::to_string(bytes.size()));
      }
      for (std::size_t at = 0; at < bytes.size(); at += pixels + 1) {
        data.labels.push_back(static_cast<unsigned char>(bytes[at]));
        for (std::size_t k = 1; k <= pixels; ++k)
          plain.push_back(static_cast<float>(static_cast<unsigned char>(bytes[at + k])) / 255.0f);
      }
    }
    data.images = gtap::nn::Tensor<float>::from_images({3, 32, 32}, plain);
    return data;
  };
  return {read({"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                "data_batch_5.bin"}),
          read({"test_batch.bin"})};
}
