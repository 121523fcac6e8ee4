#pragma once

#include <gtap/nn/network.hpp>

#include <string>
#include <utility>
#include <vector>

// Small graphs that between them have every pattern in which channels meet.

namespace patterns {

using namespace gtap::nn;

template <class T>
struct Pattern {
  std::string name;
  Shape input;
  std::vector<PlacedLayer<T>> nodes;
};

inline Conv2d conv(std::size_t out, std::string name, std::size_t stride = 1) {
  return {.out = out, .stride = stride, .padding = 1, .bias = false, .name = std::move(name)};
}

/// conv, batch norm, relu, conv, batch norm: what stands on the main path of a residual block.
template <class T>
void add_block(std::vector<PlacedLayer<T>>& nodes, const std::string& name,
               const std::string& input, std::size_t channels, std::size_t stride = 1) {
  nodes.push_back({conv(channels, name + ".conv1", stride), {input}});
  nodes.push_back(BatchNorm{.name = name + ".bn1"});
  nodes.push_back(Relu{.name = name + ".relu1"});
  nodes.push_back(conv(channels, name + ".conv2"));
  nodes.push_back(BatchNorm{.name = name + ".bn2"});
}

template <class T>
std::vector<Pattern<T>> all() {
  using Nodes = std::vector<PlacedLayer<T>>;
  std::vector<Pattern<T>> list;
  {
    Nodes nodes{conv(5, "stem"), Relu{.name = "start"}};
    add_block(nodes, "block", "start", 5);
    nodes.push_back({Add{.name = "sum"}, {"block.bn2", "start"}});
    nodes.insert(nodes.end(), {Relu{}, GlobalAvgPool{}, Dense{.out = 3}});
    list.push_back({"residual block with identity", {2, 6, 6}, nodes});
  }
  {
    Nodes nodes{conv(4, "stem"), Relu{.name = "start"}};
    add_block(nodes, "block", "start", 6, 2);
    nodes.push_back({Conv2d{.out = 6, .kernel = 1, .stride = 2, .name = "project"}, {"start"}});
    nodes.push_back({Add{.name = "sum"}, {"block.bn2", "project"}});
    nodes.insert(nodes.end(), {Relu{}, GlobalAvgPool{}, Dense{.out = 3}});
    list.push_back({"residual block with projection", {2, 6, 6}, nodes});
  }
  {
    Nodes nodes{conv(4, "stem"), Relu{.name = "start"}};
    add_block(nodes, "block", "start", 8, 2);
    nodes.push_back({MaxPool2d{.size = 1, .stride = 2, .name = "halve"}, {"start"}});
    nodes.push_back(ChannelPad{.before = 2, .after = 2, .name = "pad"});
    nodes.push_back({Add{.name = "sum"}, {"block.bn2", "pad"}});
    nodes.insert(nodes.end(), {Relu{}, GlobalAvgPool{}, Dense{.out = 3}});
    list.push_back({"residual block with padded shortcut", {2, 6, 6}, nodes});
  }
  {
    Nodes nodes{conv(6, "stem"), Relu{.name = "start"}};
    add_block(nodes, "block", "start", 3);
    nodes.push_back({ChannelSlice{.first = 2, .count = 3, .name = "slice"}, {"start"}});
    nodes.push_back({Add{.name = "sum"}, {"block.bn2", "slice"}});
    nodes.insert(nodes.end(), {Relu{}, GlobalAvgPool{}, Dense{.out = 3}});
    list.push_back({"residual block with sliced shortcut", {2, 6, 6}, nodes});
  }
  {
    Nodes nodes{conv(4, "stem"), BatchNorm{}, Relu{.name = "relu.0"}};
    for (int b = 1; b < 4; ++b) {
      const std::string name = "block" + std::to_string(b);
      add_block(nodes, name, "relu." + std::to_string(b - 1), 4);
      nodes.push_back(
          {Add{.name = name + ".sum"}, {name + ".bn2", "relu." + std::to_string(b - 1)}});
      nodes.push_back(Relu{.name = "relu." + std::to_string(b)});
    }
    nodes.insert(nodes.end(), {GlobalAvgPool{}, Dense{.out = 3}});
    list.push_back({"stage of residual blocks", {2, 6, 6}, nodes});
  }
  list.push_back({"concatenations of concatenations",
                  {2, 6, 6},
                  {conv(3, "a"),
                   Relu{},
                   {conv(2, "b"), {"relu1"}},
                   {Relu{.name = "rb"}},
                   {Concat{.name = "ab"}, {"relu1", "rb"}},
                   BatchNorm{.name = "abn"},
                   conv(4, "c"),
                   Relu{.name = "rc"},
                   {Concat{.name = "abc"}, {"ab", "rc"}},
                   AvgPool2d{},
                   conv(3, "d"),
                   Relu{},
                   GlobalAvgPool{},
                   Dense{.out = 3}}});
  list.push_back({"inverted residual with squeeze-and-excitation",
                  {2, 6, 6},
                  {conv(3, "stem"),
                   HardSwish{.name = "start"},
                   Conv2d{.out = 6, .kernel = 1, .bias = false, .name = "expand"},
                   BatchNorm{},
                   HardSwish{},
                   Conv2d{.out = 6, .padding = 1, .groups = 6, .name = "depthwise"},
                   BatchNorm{.name = "wide"},
                   GlobalAvgPool{},
                   Dense{.out = 4, .name = "squeeze"},
                   Relu{},
                   Dense{.out = 6, .name = "excite"},
                   HardSigmoid{.name = "gate"},
                   {Multiply{}, {"wide", "gate"}},
                   HardSwish{},
                   Conv2d{.out = 3, .kernel = 1, .name = "narrow"},
                   BatchNorm{.name = "last"},
                   {Add{}, {"last", "start"}},
                   GlobalAvgPool{},
                   Dense{.out = 3}}});
  list.push_back({"two heads",
                  {2, 6, 6},
                  {conv(4, "stem"),
                   Relu{.name = "trunk"},
                   GlobalAvgPool{.name = "pool"},
                   Dense{.out = 5},
                   Tanh{},
                   Dense{.out = 2, .name = "first"},
                   {Flatten{}, {"trunk"}},
                   Dense{.out = 3, .name = "second"},
                   {Concat{}, {"first", "second"}}}});
  list.push_back({"a branch that is only pooled",
                  {2, 6, 6},
                  {conv(4, "stem"),
                   Relu{.name = "trunk"},
                   conv(3, "deep"),
                   Relu{},
                   GlobalAvgPool{.name = "a"},
                   {GlobalMaxPool{.name = "b"}, {"trunk"}},
                   {Concat{}, {"a", "b"}},
                   Dense{.out = 3}}});
  list.push_back({"flatten after a concatenation",
                  {2, 5, 5},
                  {conv(3, "a"),
                   Relu{.name = "ra"},
                   {conv(2, "b"), {"input"}},
                   Relu{.name = "rb"},
                   {Concat{}, {"ra", "rb"}},
                   MaxPool2d{},
                   Flatten{},
                   BatchNorm{},
                   Dense{.out = 6},
                   Relu{},
                   Dense{.out = 3}}});
  list.push_back({"batch norm before and after an addition",
                  {2, 5, 5},
                  {conv(4, "a"),
                   BatchNorm{.name = "na"},
                   {conv(4, "b"), {"input"}},
                   BatchNorm{.name = "nb"},
                   {Add{}, {"na", "nb"}},
                   BatchNorm{},
                   Relu{},
                   conv(3, "c"),
                   Relu{},
                   GlobalAvgPool{},
                   Dense{.out = 3}}});
  list.push_back({"one reader in two places",
                  {2, 5, 5},
                  {conv(4, "a"),
                   Relu{.name = "ra"},
                   {conv(3, "b"), {"ra"}},
                   {Conv2d{.out = 3, .kernel = 1, .name = "c"}, {"ra"}},
                   {Add{}, {"b", "c"}},
                   Sigmoid{},
                   {conv(2, "d"), {"sigmoid1"}},
                   GlobalAvgPool{},
                   Dense{.out = 3}}});
  // Players of one branch need what those of the other change, in whatever order they come.
  list.push_back({"branches side by side",
                  {2, 5, 5},
                  {conv(4, "a1"),
                   Relu{},
                   conv(3, "a2"),
                   Relu{.name = "a"},
                   {conv(3, "b1"), {"input"}},
                   BatchNorm{},
                   Relu{},
                   conv(2, "b2"),
                   Sigmoid{.name = "b"},
                   {Concat{}, {"a", "b"}},
                   MaxPool2d{},
                   Flatten{},
                   Dense{.out = 5},
                   Relu{},
                   Dense{.out = 3}}});
  return list;
}

}  // namespace patterns
