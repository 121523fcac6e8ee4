#include <gtap/core/random.hpp>
#include <gtap/io/idx.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "idx_bytes.hpp"
#include "temporary_folder.hpp"

#include <cstdint>
#include <string>
#include <vector>
#include <zlib.h>

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes gzip(const Bytes& plain) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
                       Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes out(plain.size() + 1000);
  Bytes in = plain;
  stream.next_in = in.data();
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

Bytes random_bytes(std::size_t count) {
  gtap::RandomStream random(1, count);
  Bytes bytes(count);
  for (auto& byte : bytes)
    byte = static_cast<std::uint8_t>(random.below(256));
  return bytes;
}

/// The part of the message behind the file's name.
std::string reason(const std::filesystem::path& path, std::size_t rank) {
  const std::string message = error_text([&] { gtap::read_idx(path, rank); });
  const std::string place = "read_idx(" + path.string() + "): ";
  CHECK(message.substr(0, place.size()) == place);
  return message.size() > place.size() ? message.substr(place.size()) : message;
}

}  // namespace

TEST_CASE("IDX arrays come back plain and gzipped, whatever the file is called") {
  const TemporaryFolder folder;
  const Bytes data = random_bytes(5 * 4 * 3);
  const Bytes plain = idx(8, {5, 4, 3}, data);
  for (const Bytes& file : {plain, gzip(plain)}) {
    for (const char* name : {"images.gz", "images"}) {
      const gtap::IdxArray array = gtap::read_idx(write_bytes(folder / name, file), 3);
      CHECK(array.shape == std::vector<std::size_t>{5, 4, 3});
      CHECK(array.bytes == data);
    }
  }
}

TEST_CASE("A gzip file of several members is one IDX file") {
  const TemporaryFolder folder;
  const Bytes data = random_bytes(1000);
  const Bytes plain = idx(8, {1000}, data);
  Bytes members = gzip(Bytes(plain.begin(), plain.begin() + 300));
  const Bytes second = gzip(Bytes(plain.begin() + 300, plain.end()));
  members.insert(members.end(), second.begin(), second.end());
  CHECK(gtap::read_idx(write_bytes(folder / "a", members), 1).bytes == data);
}

TEST_CASE("Every cut of an IDX file is refused") {
  const TemporaryFolder folder;
  const Bytes plain = idx(8, {4, 3}, random_bytes(12));
  for (const Bytes& file : {plain, gzip(plain)}) {
    for (std::size_t length = 0; length < file.size(); ++length) {
      const auto path = write_bytes(
          folder / "a", Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length)));
      CHECK_FALSE(reason(path, 2).empty());
    }
    Bytes longer = file;
    longer.push_back(0);
    CHECK_FALSE(reason(write_bytes(folder / "a", longer), 2).empty());
  }
}

TEST_CASE("What is wrong with an IDX file is named") {
  const TemporaryFolder folder;
  const auto file = [&](const Bytes& bytes) { return write_bytes(folder / "a", bytes); };
  const Bytes ten = random_bytes(10);
  CHECK(reason(folder / "none", 1) == "expected a readable file, got No such file or directory");
  CHECK(reason(folder.path(), 1) ==
        "expected a readable file, got something that is no regular file");
  CHECK(reason(file({}), 1) == "expected an IDX file, got only 0 bytes");
  CHECK(reason(file({'P', 'K', 3, 4}), 1) ==
        "expected an IDX file, which starts with two zero bytes, got bytes 80 and 75");
  CHECK(reason(file(idx(0x0D, {2}, ten)), 1) ==
        "expected type 8 (unsigned byte), got type 13 (float)");
  CHECK(reason(file(idx(8, {5, 2}, ten)), 3) == "expected 3 dimensions, got 2");
  CHECK(reason(file(idx(8, {11}, ten)), 1) == "expected 11 bytes of data, got 10");
  CHECK(reason(file(idx(8, {9}, ten)), 1) == "expected 9 bytes of data, got more bytes after them");
  CHECK(reason(file(gzip(idx(8, {11}, ten))), 1) == "expected 11 bytes of data, got 10");
  Bytes cut = gzip(idx(8, {10}, ten));
  cut.resize(cut.size() - 6);
  CHECK(reason(file(cut), 1) == "expected a whole gzip file, got one that is cut off");
  Bytes damaged = gzip(idx(8, {10}, ten));
  damaged[damaged.size() - 5] ^= 1;
  CHECK(reason(file(damaged), 1).find("expected a sound gzip file, got damage near byte") == 0);
}

TEST_CASE("A gzip file with a changed byte is called damaged, whatever its content says") {
  const TemporaryFolder folder;
  // Content that a changed byte leaves readable: stored and compressed, with sizes among it.
  Bytes content = random_bytes(300);
  content.resize(600);
  const Bytes plain = idx(8, {20, 30}, content);
  const Bytes whole = gzip(plain);
  // Before it are gzip's magic number, method, flags, a time and an operating system.
  const std::size_t header = 10;
  const std::size_t padded = whole.size() - 9;  // what is compressed ends within this byte
  for (std::size_t at = header; at < whole.size(); ++at) {
    if (at == padded) continue;
    for (const int change : {0x01, 0x80, 0xFF}) {
      Bytes damaged = whole;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ change);
      if (at + 1 < padded) damaged[at + 1] ^= 0x10;
      CAPTURE(at, change);
      const std::string message = reason(write_bytes(folder / "a", damaged), 2);
      CHECK((message.find("expected a sound gzip file, got damage near byte") == 0 ||
             message == "expected a whole gzip file, got one that is cut off"));
    }
  }
  // What is sound but no IDX file of this kind is told as such.
  CHECK(reason(write_bytes(folder / "a", gzip(idx(8, {20, 29}, content))), 2) ==
        "expected 580 bytes of data, got more bytes after them");
}

TEST_CASE("Sizes that the file cannot hold are refused before memory is asked for") {
  const TemporaryFolder folder;
  const std::uint32_t huge = 0xFFFFFFFF;
  CHECK(reason(write_bytes(folder / "a", idx(8, {huge, huge, huge}, {})), 3) ==
        "expected at most the 16 bytes that the file can hold, "
        "got sizes 4294967295x4294967295x4294967295");
  // 2^64 in all: a product that wraps round to nothing.
  CHECK(reason(write_bytes(folder / "a", idx(8, {1u << 31, 1u << 31, 4}, {})), 3)
            .find("got sizes 2147483648x2147483648x4") != std::string::npos);
  const Bytes packed = gzip(idx(8, {60000, 28, 28}, random_bytes(20)));
  CHECK(reason(write_bytes(folder / "a", packed), 3).find("bytes that the file can hold") !=
        std::string::npos);
}

TEST_CASE("Images and labels must be as many") {
  const TemporaryFolder folder;
  const auto images = write_bytes(folder / "images", idx(8, {3, 2, 2}, random_bytes(12)));
  const auto labels = write_bytes(folder / "labels", idx(8, {3}, {7, 8, 9}));
  const auto fewer = write_bytes(folder / "fewer", idx(8, {2}, {7, 8}));
  const auto none = write_bytes(folder / "none", idx(8, {0, 2, 2}, {}));
  CHECK(gtap::read_idx_images(images, labels).labels == Bytes{7, 8, 9});
  CHECK(error_text([&] { gtap::read_idx_images(images, fewer); }) ==
        "read_idx_images(" + fewer.string() + "): expected 3 labels, one for each image of " +
            images.string() + ", got 2");
  CHECK(error_text([&] { gtap::read_idx_images(none, labels); }) ==
        "read_idx_images(" + none.string() +
            "): expected at least one image of one pixel, got none");
}

TEST_CASE("Fashion-MNIST from the distribution's package reads as what it is") {
  const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) return;
  const auto test = gtap::read_idx_images(folder / "t10k-images-idx3-ubyte.gz",
                                          folder / "t10k-labels-idx1-ubyte.gz");
  CHECK(test.images.shape == std::vector<std::size_t>{10000, 28, 28});
  std::vector<int> count(10, 0);
  for (const auto label : test.labels)
    ++count.at(label);
  CHECK(count == std::vector<int>(10, 1000));
}
