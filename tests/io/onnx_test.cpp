#include <gtap/io/onnx.hpp>
#include <gtap/nn/forward.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "io/onnx_bytes.hpp"

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace nn = gtap::nn;
using gtap::OnnxOptions;

namespace {

using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;

gtap::OnnxNetwork<float> parse(const OnnxBytes& model, const OnnxOptions& options = {}) {
  return gtap::parse_onnx<float>("model", model.file(), options);
}

Floats run(const nn::Network<float>& net, const Floats& images) {
  return nn::forward(net, nn::Tensor<float>::from_images(net.input(), images)).to_images();
}

/// What a model with one node from x to y makes of the images.
Floats run_node(const Ints& dims, const Floats& images, const std::string& op,
                const std::vector<OnnxBytes::Attribute>& attributes = {},
                const std::function<void(OnnxBytes&)>& constants = {},
                OnnxBytes::Names inputs = {"x"}) {
  OnnxBytes model;
  model.input(dims);
  model.output();
  if (constants) constants(model);
  model.node(op, inputs, {"y"}, attributes);
  return run(parse(model).network, images);
}

std::string refusal(const OnnxBytes& model, const OnnxOptions& options = {}) {
  return error_text([&] { parse(model, options); });
}

Floats counting(std::size_t count) {
  Floats numbers(count);
  for (std::size_t i = 0; i < count; ++i)
    numbers[i] = static_cast<float>(i);
  return numbers;
}

}  // namespace

TEST_CASE("Gemm reads both orders of its weight, alpha, beta and one bias for all", "[onnx]") {
  const auto constants = [](OnnxBytes& model) {
    model.floats("w", {1, 2, 3, 4, 5, 6}, {3, 2});
    model.floats("v", {1, 3, 5, 2, 4, 6}, {2, 3});
    model.floats("b", {10}, {1});
  };
  const Floats expected{2 * 22 + 30, 2 * 28 + 30};
  CHECK(run_node({-1, 3}, {1, 2, 3}, "Gemm", {{"alpha", 2.0f}, {"beta", 3.0f}}, constants,
                 {"x", "w", "b"}) == expected);
  CHECK(run_node({-1, 3}, {1, 2, 3}, "Gemm", {{"alpha", 2.0f}, {"beta", 3.0f}, {"transB", 1}},
                 constants, {"x", "v", "b"}) == expected);
}

TEST_CASE("MatMul and an Add behind it are one dense layer", "[onnx]") {
  OnnxBytes model;
  model.input({-1, 2});
  model.output();
  model.floats("w", {1, 2, 3, 4}, {2, 2});
  model.floats("b", {10, 20}, {2});
  model.node("MatMul", {"x", "w"}, {"m"}, {}, "fc");
  model.node("Add", {"b", "m"}, {"y"});
  const auto read = parse(model);
  REQUIRE(read.network.nodes().size() == 1);
  CHECK(read.network.nodes()[0].name == "fc");
  CHECK(run(read.network, {1, 1}) == Floats{14, 26});
  CHECK(read.names.parameters.at("fc") == std::vector<std::string>{"w", "b"});
  CHECK(read.names.results.at("fc") == "y");
}

TEST_CASE("Convolutions read pads of any side, one dimension, and auto_pad", "[onnx]") {
  const auto ones = [](OnnxBytes& model) {
    model.floats("w", Floats(4, 1.0f), {1, 1, 2, 2});
    model.floats("v", {1, 10}, {1, 1, 2});
  };
  const Floats image{1, 2, 3, 4};
  CHECK(run_node({-1, 1, 2, 2}, image, "Conv", {{"pads", Ints{1, 0, 0, 1}}}, ones, {"x", "w"}) ==
        Floats{3, 2, 10, 6});
  CHECK(run_node({-1, 1, 2, 2}, image, "Conv", {{"auto_pad", "SAME_UPPER"}}, ones, {"x", "w"}) ==
        Floats{10, 6, 7, 4});
  CHECK(run_node({-1, 1, 2, 2}, image, "Conv", {{"auto_pad", "SAME_LOWER"}}, ones, {"x", "w"}) ==
        Floats{1, 3, 4, 10});
  CHECK(run_node({-1, 1, 3}, {1, 2, 3}, "Conv", {{"kernel_shape", Ints{2}}}, ones, {"x", "v"}) ==
        Floats{21, 32});
}

TEST_CASE("Pooling reads ceil_mode, pads at the end, and means without padding", "[onnx]") {
  const Floats row{1, 2, 3, 4, 5};
  const std::vector<OnnxBytes::Attribute> twos{{"kernel_shape", Ints{2}}, {"strides", Ints{2}}};
  const auto with = [&](std::vector<OnnxBytes::Attribute> more) {
    more.insert(more.end(), twos.begin(), twos.end());
    return more;
  };
  CHECK(run_node({-1, 1, 5}, row, "MaxPool", twos) == Floats{2, 4});
  CHECK(run_node({-1, 1, 5}, row, "MaxPool", with({{"ceil_mode", 1}})) == Floats{2, 4, 5});
  CHECK(run_node({-1, 1, 5}, row, "MaxPool", with({{"pads", Ints{0, 1}}})) == Floats{2, 4, 5});
  CHECK(run_node({-1, 1, 5}, row, "AveragePool", with({{"pads", Ints{1, 0}}})) ==
        Floats{1, 2.5f, 4.5f});
  CHECK(run_node({-1, 1, 5}, row, "AveragePool",
                 with({{"pads", Ints{1, 0}}, {"count_include_pad", 1}})) ==
        Floats{0.5f, 2.5f, 4.5f});
  CHECK(run_node({-1, 1, 5}, row, "AveragePool", with({{"ceil_mode", 1}})) ==
        Floats{1.5f, 3.5f, 5});
}

TEST_CASE("Constants of one value or one a channel are added, subtracted, multiplied, divided",
          "[onnx]") {
  const auto constants = [](OnnxBytes& model) {
    model.floats("two", {2}, {});
    model.floats("c", {1, 4}, {2, 1, 1});
    model.floats("pixel", {1, 4}, {1, 1, 1, 2});
  };
  const Floats image{1, 2, 3, 4};  // two channels of 1x2
  const auto act = [&](const std::string& op, OnnxBytes::Names inputs) {
    return run_node({-1, 2, 1, 2}, image, op, {}, constants, std::move(inputs));
  };
  CHECK(act("Add", {"x", "two"}) == Floats{3, 4, 5, 6});
  CHECK(act("Add", {"c", "x"}) == Floats{2, 3, 7, 8});
  CHECK(act("Sub", {"x", "c"}) == Floats{0, 1, -1, 0});
  CHECK(act("Sub", {"two", "x"}) == Floats{1, 0, -1, -2});
  CHECK(act("Mul", {"x", "c"}) == Floats{1, 2, 12, 16});
  CHECK(act("Div", {"x", "c"}) == Floats{1, 2, 0.75f, 1});
  CHECK(error_text([&] {
          act("Mul", {"x", "pixel"});
        }) ==
        "model: expected nodes that gtap can run, got 1 that it cannot: \"y\" (Mul): expected one "
        "number, or one for each of 2 channels, got [1, 1, 1, 2]");
}

TEST_CASE("Slices, pads and gathers of channels and a step over pixels are layers", "[onnx]") {
  const auto constants = [](OnnxBytes& model) {
    model.ints("one", {1});
    model.ints("three", {3});
    model.ints("minus", {-1});
    model.ints("first", {0, 0});
    model.ints("end", {std::int64_t{1} << 62, std::int64_t{1} << 62});
    model.ints("axes", {2, 3});
    model.ints("steps", {2, 2});
    model.ints("pads", {0, 1, 0, 0, 0, 0, 0, 1});
    model.ints("choice", {2, 0, -1});
    model.ints("axis", {1});
  };
  const Floats image = counting(3 * 1 * 3);
  CHECK(run_node({-1, 3, 1, 3}, image, "Slice", {}, constants, {"x", "one", "three", "axis"}) ==
        Floats{3, 4, 5, 6, 7, 8});
  CHECK(run_node({-1, 3, 1, 3}, image, "Slice", {}, constants,
                 {"x", "first", "end", "axes", "steps"}) == Floats{0, 2, 3, 5, 6, 8});
  CHECK(run_node({-1, 3, 1, 3}, image, "Gather", {{"axis", 1}}, constants, {"x", "choice"}) ==
        Floats{6, 7, 8, 0, 1, 2, 6, 7, 8});
  CHECK(run_node({-1, 3, 1, 3}, image, "Pad", {}, constants, {"x", "pads"}) ==
        Floats{0, 0, 0, 0, 0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8, 0});
}

TEST_CASE("A gather of padded channels selects channels and zeros", "[onnx]") {
  OnnxBytes model;
  model.input({-1, 2});
  model.output();
  model.ints("pads", {0, 0, 0, 1});
  model.ints("choice", {2, 1, 2, 0});
  model.node("Pad", {"x", "pads"}, {"p"});
  model.node("Gather", {"p", "choice"}, {"y"}, {{"axis", 1}});
  const auto net = parse(model).network;
  REQUIRE(net.nodes().size() == 1);
  CHECK(nn::as<nn::ChannelSelect>(net.nodes()[0].layer)->channels == Ints{-1, 1, -1, 0});
  CHECK(run(net, {5, 6}) == Floats{0, 6, 0, 5});
}

TEST_CASE("What an exporter computes of shapes is folded", "[onnx]") {
  OnnxBytes model;
  model.input({-1, 2, 1, 2});
  model.output();
  model.ints("zero", {0});
  model.ints("minus", {-1});
  model.node("Shape", {"x"}, {"s"});
  model.node("Gather", {"s", "zero"}, {"n"}, {{"axis", 0}});
  model.node("Concat", {"n", "minus"}, {"target"}, {{"axis", 0}});
  model.node("Reshape", {"x", "target"}, {"y"}, {}, "flat");
  const auto net = parse(model).network;
  REQUIRE(net.nodes().size() == 1);
  CHECK(net.nodes()[0].name == "flat");
  CHECK(net.output() == nn::Shape{4, 1, 1});
}

TEST_CASE("A channel shuffle is a selection of channels", "[onnx]") {
  OnnxBytes model;
  model.input({-1, 4, 1, 1});
  model.output();
  model.ints("apart", {0, 2, 2, 1, 1});
  model.ints("together", {0, 4, 1, 1});
  model.node("Reshape", {"x", "apart"}, {"a"});
  model.node("Transpose", {"a"}, {"b"}, {{"perm", Ints{0, 2, 1, 3, 4}}});
  model.node("Reshape", {"b", "together"}, {"y"});
  CHECK(run(parse(model).network, {0, 1, 2, 3}) == Floats{0, 2, 1, 3});
}

TEST_CASE("Expressions that are one function are one layer", "[onnx]") {
  const auto kinds = [](const std::function<void(OnnxBytes&)>& write) {
    OnnxBytes model;
    model.input({-1, 2});
    model.output();
    for (const float c : {0.0f, 1.0f, 3.0f, 6.0f, 0.5f, 1.4142135f})
      model.floats("c" + std::to_string(static_cast<int>(10 * c)), {c}, {});
    write(model);
    std::string all;
    const auto net = parse(model).network;
    for (const auto& node : net.nodes())
      all += std::string(node.layer.kind()) + ' ';
    return all;
  };
  CHECK(kinds([](OnnxBytes& m) {
          m.node("Add", {"x", "c30"}, {"a"});
          m.node("Clip", {"a", "c0", "c60"}, {"b"});
          m.node("Mul", {"b", "x"}, {"c"});
          m.node("Div", {"c", "c60"}, {"y"});
        }) == "hardswish ");
  CHECK(kinds([](OnnxBytes& m) {
          m.node("Sigmoid", {"x"}, {"a"});
          m.node("Mul", {"a", "x"}, {"y"});
        }) == "silu ");
  CHECK(kinds([](OnnxBytes& m) {
          m.node("Div", {"x", "c14"}, {"a"});
          m.node("Erf", {"a"}, {"b"});
          m.node("Add", {"b", "c10"}, {"c"});
          m.node("Mul", {"x", "c"}, {"d"});
          m.node("Mul", {"d", "c5"}, {"y"});
        }) == "gelu ");
  CHECK(kinds([](OnnxBytes& m) { m.node("HardSigmoid", {"x"}, {"y"}); }) == "batchnorm clip ");
}

TEST_CASE("Whole factors of Resize become blocks of equal pixels", "[onnx]") {
  const auto scales = [](OnnxBytes& model) {
    model.floats("roi", {}, {0});
    model.floats("twice", {1, 1, 1, 2}, {4});
    model.floats("half", {1, 1, 1, 1.5f}, {4});
  };
  CHECK(run_node({-1, 1, 1, 2}, {1, 2}, "Resize", {{"mode", "nearest"}}, scales,
                 {"x", "roi", "twice"}) == Floats{1, 1, 2, 2});
  CHECK(error_text([&] {
          run_node({-1, 1, 1, 2}, {1, 2}, "Resize", {{"mode", "nearest"}}, scales,
                   {"x", "roi", "half"});
        }).find("expected whole factors of height and width, got factor 1.5 of axis 3") !=
        std::string::npos);
}

TEST_CASE("All nodes that cannot be read are refused in one message", "[onnx]") {
  OnnxBytes model;
  model.input({-1, 4});
  model.output();
  model.node("Det", {"x"}, {"a"}, {}, "first");
  model.node("Relu", {"a"}, {"b"}, {}, "fine");
  model.node("Softmax", {"x"}, {"c"}, {{"axis", 0}}, "second");
  model.node("Add", {"b", "c"}, {"d"}, {}, "blind");
  model.node("Relu", {"d"}, {"y"}, {}, "third", "com.mine");
  CHECK(refusal(model) ==
        "model: expected nodes that gtap can run, got 3 that it cannot: \"first\" (Det): expected "
        "an operator that gtap knows, got another one; \"second\" (Softmax): expected a softmax "
        "over a flat vector, got axis 0; \"third\" (Relu): expected an operator of ONNX's, got "
        "domain \"com.mine\"");
}

TEST_CASE("Graphs that are none are refused", "[onnx]") {
  const auto relu = [](const std::string& from, const std::string& to) {
    OnnxBytes model;
    model.input({-1, 4});
    model.output();
    model.node("Relu", {from}, {to}, {}, "a");
    return model;
  };
  CHECK(refusal(relu("z", "y")) ==
        "model node \"a\": expected inputs that something makes, got \"z\"");
  CHECK(refusal(relu("x", "z")) == "model: expected an output that a node makes, got \"y\"");
  CHECK(refusal(relu("x", "x")) ==
        "model node \"a\": expected outputs of new names, got \"x\" twice");
  OnnxBytes cycle = relu("z", "y");
  cycle.node("Relu", {"y"}, {"z"}, {}, "b");
  CHECK(refusal(cycle) ==
        "model node \"a\": expected a graph without cycles, got one that leads "
        "back to it");
  OnnxBytes late = relu("x", "y");
  late.opset = 99;
  CHECK(refusal(late) == "model: expected an opset of 7 to 22, got 99");
  OnnxBytes two = relu("x", "y");
  two.value(11, "w", {4});
  CHECK(refusal(two) == "model: expected a graph with 1 input, got 2: \"x\", \"w\"");
  OnnxBytes knob;
  knob.input({-1, 4});
  knob.output();
  knob.node("Relu", {"x"}, {"y"}, {{"knob", 1}}, "a");
  CHECK(refusal(knob).find("expected attributes that gtap knows, got \"knob\"") !=
        std::string::npos);
}

TEST_CASE("Open sizes are given by the caller", "[onnx]") {
  OnnxBytes model;
  model.input({-1, 1, -1, -1});
  model.output();
  model.node("GlobalAveragePool", {"x"}, {"y"});
  CHECK(refusal(model) ==
        "model input \"x\": expected all sizes but the batch's, in the file or in "
        "OnnxOptions::input, got dimension 2 open \"n\"");
  CHECK(run(parse(model, {.input = nn::Shape{1, 1, 2}}).network, {1, 2}) == Floats{1.5f});
  CHECK(refusal(model, {.input = nn::Shape{2, 1, 2}}) ==
        "model input \"x\": expected images of 2x1x2, as OnnxOptions::input says, got size 1 of "
        "dimension 1");
}

TEST_CASE("Tensors whose bytes are not those of their sizes are refused", "[onnx]") {
  const auto with = [](const Floats& values, const Ints& dims) {
    OnnxBytes model;
    model.input({-1, 2});
    model.output();
    model.floats("w", values, dims);
    model.node("MatMul", {"x", "w"}, {"y"});
    return model;
  };
  CHECK(refusal(with({1, 2, 3}, {2, 2})) ==
        "model tensor \"w\": expected 16 bytes by its type and its sizes [2, 2], got 12");
  CHECK(refusal(with({1}, {-1, 2})) ==
        "model tensor \"w\": expected sizes of 0 or more, got [-1, 2]");
  const std::int64_t large = std::int64_t{1} << 40;
  CHECK(refusal(with({1}, {large, large})) ==
        "model tensor \"w\": expected sizes whose product can be counted, got [1099511627776, "
        "1099511627776]");
  CHECK(refusal(with({}, {2, 0})) ==
        "model: expected nodes that gtap can run, got 1 that it cannot: \"y\" (MatMul): expected "
        "numbers as a weight, got [2, 0]");
}

TEST_CASE("A file cut at any byte, or with any byte changed, is refused or read", "[onnx]") {
  OnnxBytes model;
  model.input({-1, 1, 4, 4});
  model.output();
  model.floats("w", Floats(8, 0.5f), {2, 1, 2, 2});
  model.ints("target", {0, -1});
  model.node("Conv", {"x", "w"}, {"a"}, {{"kernel_shape", Ints{2, 2}}});
  model.node("MaxPool", {"a"}, {"b"}, {{"kernel_shape", Ints{2, 2}}});
  model.node("Reshape", {"b", "target"}, {"y"});
  const std::vector<std::uint8_t> whole = model.file();
  const auto read = [](const std::vector<std::uint8_t>& bytes) {
    const std::string text = error_text([&] { gtap::parse_onnx<float>("model", bytes); });
    CHECK(text.find('\n') == std::string::npos);
    return text;
  };
  CHECK_NOTHROW(gtap::parse_onnx<float>("model", whole));
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK(read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}) != "");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::vector<std::uint8_t> changed = whole;
    changed[at] ^= 0xFF;
    read(changed);
  }
}
