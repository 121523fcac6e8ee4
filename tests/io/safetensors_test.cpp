#include <gtap/io/safetensors.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "temporary_folder.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes file_of(const std::string& header, std::size_t data_bytes) {
  Bytes bytes;
  for (int shift = 0; shift < 64; shift += 8)
    bytes.push_back(static_cast<std::uint8_t>(std::uint64_t{header.size()} >> shift));
  bytes.insert(bytes.end(), header.begin(), header.end());
  for (std::size_t k = 0; k < data_bytes; ++k)
    bytes.push_back(static_cast<std::uint8_t>(k));
  return bytes;
}

/// What is wrong with a file of this header and so many bytes of data; empty when it is read.
std::string reason(const std::string& header, std::size_t data_bytes) {
  return error_text([&] { gtap::parse_safetensors("f", file_of(header, data_bytes)); });
}

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
         offsets + '}';
}

}  // namespace

TEST_CASE("Tensors and texts come back from a safetensors file") {
  const TemporaryFolder folder;
  gtap::Safetensors file;
  file.metadata = {{"about", "a \"test\"\n"}, {"empty", ""}};
  file.tensors["weight"] = gtap::StoredTensor::from(
      std::span<const float>(std::vector<float>{1, 2, 3, 4, 5, -6}), {2, 3});
  file.tensors["scalar"] =
      gtap::StoredTensor::from(std::span<const double>(std::vector<double>{0.1}), {});
  file.tensors["nothing"] = gtap::StoredTensor::from(std::span<const std::int64_t>(), {3, 0});
  file.tensors["bytes"] = gtap::StoredTensor::from(std::vector<std::uint8_t>{1, 2, 3});
  const auto path = folder / "a.safetensors";
  gtap::write_safetensors(path, file);
  const gtap::Safetensors read = gtap::read_safetensors(path);
  CHECK(read.metadata == file.metadata);
  REQUIRE(read.tensors.size() == 4);
  CHECK(read.tensors.at("weight").shape == std::vector<std::size_t>{2, 3});
  CHECK(read.tensors.at("weight").values<float>("w") == std::vector<float>{1, 2, 3, 4, 5, -6});
  CHECK(read.tensors.at("weight").values<double>("w") == std::vector<double>{1, 2, 3, 4, 5, -6});
  CHECK(read.tensors.at("scalar").values<double>("s") == std::vector<double>{0.1});
  CHECK(read.tensors.at("nothing").values<std::int64_t>("n").empty());
  CHECK(read.tensors.at("bytes").bytes == Bytes{1, 2, 3});

  const Bytes bytes = read_bytes(path);
  CHECK(bytes.at(8) == '{');
  const std::size_t header = bytes[0] + 256u * bytes[1];
  CHECK(header % 8 == 0);
  CHECK(bytes.size() == 8 + header + 24 + 8 + 3);
  CHECK(folder.entries() == 1);
}

TEST_CASE("A safetensors file of another writer is read") {
  const std::string header = " \n{" + tensor("b", "U8", "[2]", "[4,6]") + "," +
                             tensor("a", "F16", "[2,1]", "[0,4]") +
                             R"(,"__metadata__":{"k":"v"}} )";
  const gtap::Safetensors file = gtap::parse_safetensors("f", file_of(header, 6));
  CHECK(file.tensors.at("a").bytes == Bytes{0, 1, 2, 3});
  CHECK(file.tensors.at("a").dtype == gtap::Dtype::f16);
  CHECK(file.tensors.at("b").bytes == Bytes{4, 5});
  CHECK(file.metadata.at("k") == "v");
  CHECK(gtap::parse_safetensors("f", file_of("{}", 0)).tensors.empty());
}

TEST_CASE("What breaks the format is refused by name") {
  CHECK(error_text([] { gtap::parse_safetensors("f", Bytes(7)); }) ==
        "f: expected a safetensors file, got only 7 bytes");
  Bytes long_header = file_of("{}", 0);
  long_header[7] = 0x80;
  CHECK(error_text([&] { gtap::parse_safetensors("f", long_header); }) ==
        "f: expected a header of at most 2 bytes, got 9223372036854775810");
  CHECK(reason("{", 0).find("f: expected JSON, got") == 0);
  CHECK(reason("{} x", 0).find("f: expected JSON, got") == 0);
  CHECK(reason("[]", 0) == "f: expected a header that is a JSON object, got something else");
  CHECK(reason("{\"\xFF\":1}", 0).find("f: expected JSON, got") == 0);

  const auto one = [](const std::string& dtype, const std::string& shape,
                      const std::string& offsets, std::size_t data) {
    const std::string message = reason("{" + tensor("t", dtype, shape, offsets) + "}", data);
    const std::string place = "f tensor \"t\": expected ";
    return message.find(place) == 0 ? message.substr(place.size()) : message;
  };
  CHECK(one("U8", "[4]", "[0,4]", 4).empty());
  CHECK(one("F8_E4M3", "[4]", "[0,4]", 4) == "a dtype that gtap knows, got \"F8_E4M3\"");
  CHECK(one("F32", "[1]", "[0,3]", 3) == "4 bytes by its dtype and shape, got 3");
  CHECK(one("U8", "[4]", "[4,0]", 4) == "data_offsets in order, got 4 to 0");
  CHECK(one("U8", "[4]", "[0,4,8]", 4) == "2 data_offsets, got 3");
  CHECK(one("U8", "[-1]", "[0,4]", 4) == "a whole number from 0 to 2^63 - 1, got -1");
  CHECK(one("U8", "[4.0]", "[0,4]", 4) == "a whole number from 0 to 2^63 - 1, got 4.0");
  CHECK(one("U8", "[9223372036854775808]", "[0,4]", 4) ==
        "a whole number from 0 to 2^63 - 1, got 9223372036854775808");
  CHECK(one("U8", "[99999999999999999999999]", "[0,4]", 4)
            .find("a whole number from 0 to 2^63 - 1, got") == 0);
  CHECK(one("U8", "[true]", "[0,1]", 1) == "a whole number from 0 to 2^63 - 1, got true");
  CHECK(one("U8", "4", "[0,4]", 4) == "a list of whole numbers, got number");
  // A product that wraps round to 0, and one to 4.
  CHECK(one("U8", "[4294967296,4294967296]", "[0,0]", 0) ==
        "a shape whose bytes can be counted, got one that is too large");
  CHECK(one("F32", "[4611686018427387905]", "[0,4]", 4) ==
        "a shape whose bytes can be counted, got one that is too large");
  CHECK(one("U8", "[4294967296,4294967296,0]", "[0,0]", 0).empty());
  CHECK(one("U8", "[4]", "[1,5]", 5) == "data that begins at 0, where the one before ends, got 1");
  CHECK(one("U8", "[4]", "[0,4]", 5) == "f: expected 4 bytes of data by its header, got 5");
  CHECK(one("U8", "[4]", "[0,4]", 3) == "f: expected 4 bytes of data by its header, got 3");

  const auto two = [](const std::string& first, const std::string& second) {
    return reason(
        "{" + tensor("a", "U8", "[4]", first) + "," + tensor("b", "U8", "[4]", second) + "}", 8);
  };
  CHECK(two("[4,8]", "[0,4]").empty());
  CHECK(two("[0,4]", "[3,7]") ==
        "f tensor \"b\": expected data that begins at 4, where the one before ends, got 3");
  CHECK(two("[0,4]", "[5,9]") ==
        "f tensor \"b\": expected data that begins at 4, where the one before ends, got 5");
  CHECK(two("[0,4]", "[0,4]").find("f tensor \"b\"") == 0);

  const std::string a = tensor("a", "U8", "[0]", "[0,0]");
  CHECK(reason("{" + a + "," + a + "}", 0) == "f: expected each name once, got \"a\" twice");
  CHECK(reason(R"({"a":{"dtype":"U8","dtype":"I8","shape":[],"data_offsets":[0,1]}})", 1) ==
        "f: expected each name once, got \"dtype\" twice");
  CHECK(reason(R"({"a":{"dtype":"U8","shape":[]}})", 0) ==
        "f tensor \"a\": expected \"data_offsets\", got nothing of that name");
  CHECK(reason(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}})", 0) ==
        "f tensor \"a\": expected no other name, got \"x\"");
  CHECK(reason(R"({"a":[]})", 0) == "f tensor \"a\": expected a JSON object, got array");
  CHECK(reason(R"({"a":{"dtype":8,"shape":[],"data_offsets":[0,1]}})", 1) ==
        "f tensor \"a\": expected a dtype by name, got 8");
  CHECK(reason(R"({"__metadata__":[]})", 0) ==
        "f: expected __metadata__ that is a JSON object, got something else");
  CHECK(reason(R"({"__metadata__":{"a":1}})", 0) ==
        "f: expected only texts in __metadata__, got something else as \"a\"");
}

TEST_CASE("JSON nested deeply is refused without exhausting the stack") {
  CHECK(reason(std::string(1'000'000, '['), 0).find("f: expected JSON, got") == 0);
  CHECK(reason(std::string(100'000, '[') + std::string(100'000, ']'), 0) ==
        "f: expected a header that is a JSON object, got something else");
}

TEST_CASE("Every cut of a safetensors file is refused") {
  const TemporaryFolder folder;
  gtap::Safetensors file;
  file.tensors["a"] = gtap::StoredTensor::from(std::vector<float>{1, 2, 3});
  file.metadata["m"] = "text";
  const auto path = folder / "a";
  gtap::write_safetensors(path, file);
  const Bytes bytes = read_bytes(path);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CHECK_FALSE(
        error_text([&] { gtap::parse_safetensors("f", std::span(bytes).first(length)); }).empty());
  }
}

TEST_CASE("A write that fails leaves the file that was there, and nothing else") {
  const TemporaryFolder folder;
  const auto path = write_bytes(folder / "a", {1, 2, 3});
  gtap::Safetensors file;
  file.tensors["a"] = {.dtype = gtap::Dtype::f32, .shape = {2}, .bytes = Bytes(4)};
  CHECK(error_text([&] { gtap::write_safetensors(path, file); }) ==
        "write_safetensors(" + path.string() +
            ") tensor \"a\": expected 8 bytes by its dtype and shape, got 4");
  file.tensors.clear();
  file.metadata["a"] = "\xFF";
  CHECK(error_text([&] { gtap::write_safetensors(path, file); }).find("expected texts in UTF-8") !=
        std::string::npos);
  CHECK(read_bytes(path) == Bytes{1, 2, 3});
  // A folder cannot be replaced by a file.
  std::filesystem::create_directory(folder / "folder");
  write_bytes(folder / "folder" / "inside", {1});
  file.metadata.clear();
  CHECK(error_text([&] {
          gtap::write_safetensors(folder / "folder", file);
        }).find("bytes written, got ") != std::string::npos);
  CHECK(folder.entries() == 2);
  CHECK(error_text([&] {
          gtap::write_safetensors(folder / "no" / "file", file);
        }).find("expected a folder that can be written to, got No such file") != std::string::npos);
}

TEST_CASE("Stored numbers are read as what they are") {
  const auto doubles = gtap::StoredTensor::from(std::vector<double>{1});
  CHECK(error_text([&] { doubles.values<std::uint8_t>("w"); }) == "w: expected dtype U8, got F64");
  CHECK(error_text([&] { doubles.values<std::uint64_t>("w"); }) ==
        "w: expected dtype U64, got F64");
  const gtap::StoredTensor halves{
      .dtype = gtap::Dtype::f16, .shape = {2}, .bytes = {0x00, 0x3C, 0x55, 0x35}};
  CHECK(halves.values<float>("w") == std::vector<float>{1.0f, 1365.0f / 4096.0f});
  CHECK(halves.values<double>("w") == std::vector<double>{1.0, 1365.0 / 4096.0});
  const gtap::StoredTensor bfloats{
      .dtype = gtap::Dtype::bf16, .shape = {2}, .bytes = {0x80, 0x3F, 0x49, 0xC0}};
  CHECK(bfloats.values<double>("w") == std::vector<double>{1.0, -3.140625});
}

TEST_CASE("Doubles are read as the nearest floats, where there are such") {
  const auto read = [](double value) {
    return gtap::StoredTensor::from(std::vector<double>{0, value}).values<float>("w").at(1);
  };
  const double largest = std::numeric_limits<float>::max();
  CHECK(read(0.1) == 0.1f);
  CHECK(read(1.0 + 0x1p-24) == 1.0f);  // half way: to even
  CHECK(read(1.0 + 0x1.8p-24) == 1.0f + 0x1p-23f);
  CHECK(read(0x1p-149) == 0x1p-149f);
  CHECK(read(-largest) == -std::numeric_limits<float>::max());
  CHECK(read(largest * (1 + 0x1p-26)) == std::numeric_limits<float>::max());
  CHECK(error_text([&] { read(largest * (1 + 0x1p-24)); }) ==
        "w: expected numbers that a float can hold, got 3.40282e+38 at 1");
  CHECK(error_text([&] { read(-1e300); }) ==
        "w: expected numbers that a float can hold, got -1e+300 at 1");
  CHECK(read(std::numeric_limits<double>::infinity()) == std::numeric_limits<float>::infinity());
}
