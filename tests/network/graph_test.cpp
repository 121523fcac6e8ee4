#include <gtap/network/baselines.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/network/compensation.hpp>
#include <gtap/network/costs.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/network/removable_branches.hpp>
#include <gtap/pruning/procedures.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "networks.hpp"
#include "nn/patterns.hpp"
#include "nn/reference.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace gtap;

namespace {

template <class T>
nn::Network<T> network_of(const patterns::Pattern<T>& pattern, std::uint64_t seed) {
  nn::Network<T> net(pattern.input, pattern.nodes);
  reference::randomize(net, seed);
  return net;
}

/// Units kept by chance, and some of each group that compaction asks for.
Coalition random_kept(const Units& units, double p, std::uint64_t seed) {
  RandomStream random(seed, 2);
  Coalition kept(units.size());
  random.bernoulli_mask(p, kept);
  for (const Quota& group : layer_constraints(units).quotas) {
    kept.insert(group.players[random.below(static_cast<std::uint32_t>(group.players.size()))]);
  }
  return kept;
}

/// Largest difference in outputs, relative to max(1, |output|).
template <class T>
double difference(const nn::Tensor<T>& a, const nn::Tensor<T>& b) {
  const auto x = a.to_images();
  const auto y = b.to_images();
  REQUIRE(x.size() == y.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error =
        std::abs(double(x[i]) - double(y[i])) / std::max(1.0, std::abs(double(y[i])));
    largest = std::max(largest, std::isnan(error) ? 1e9 : error);
  }
  return largest;
}

/// One image by plain loops, with the channels that are absent set to zero after each node.
template <class T>
reference::Image masked(const nn::Network<T>& net, const nn::KeptChannels& kept,
                        const reference::Image& input) {
  std::vector<reference::Image> values;
  for (std::size_t i = 0; i < net.nodes().size(); ++i) {
    const auto& node = net.nodes()[i];
    std::vector<reference::Image> x;
    for (const std::size_t from : node.inputs)
      x.push_back(from == nn::network_input ? input : values[from]);
    auto y = reference::join(node, x);
    for (std::size_t c = 0; c < node.out.channels; ++c) {
      if (std::binary_search(kept[i].begin(), kept[i].end(), std::uint32_t(c))) continue;
      std::fill_n(y.begin() + std::ptrdiff_t(c * node.out.pixels()), node.out.pixels(), 0.0);
    }
    values.push_back(std::move(y));
  }
  return values.back();
}

template <class T>
nn::Tensor<T> masked(const nn::Network<T>& net, const nn::KeptChannels& kept,
                     const nn::Tensor<T>& images) {
  nn::Tensor<T> out(net.output(), images.images());
  std::vector<T> plain(images.shape().size());
  for (std::size_t i = 0; i < images.images(); ++i) {
    images.copy_image(i, plain);
    const auto y = masked(net, kept, reference::Image(plain.begin(), plain.end()));
    out.set_image(i, std::vector<T>(y.begin(), y.end()));
  }
  return out;
}

std::vector<std::string> labels(const Units& units) {
  std::vector<std::string> list;
  for (Player p = 0; p < units.size(); ++p)
    list.push_back(units.label(p));
  return list;
}

template <class T = float>
const patterns::Pattern<T>& pattern(const std::string& name) {
  static const auto list = patterns::all<T>();
  return *std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == name; });
}

}  // namespace

TEST_CASE("channels that meet are one unit", "[units][graph]") {
  const auto units = [](const char* name) { return Units(network_of<float>(pattern(name), 1)); };
  using List = std::vector<std::string>;
  {
    // Five that stem and the block's second convolution make together, five inside.
    const Units found = units("residual block with identity");
    CHECK(found.size() == 10);
    CHECK(found.label(2) == "stem/2 and 1 more");
    CHECK(found.label(7) == "block.conv1/2");
    CHECK(found.layers().size() == 2);
  }
  {
    const Units found = units("residual block with projection");
    CHECK(found.size() == 4 + 6 + 6);
    CHECK(found.label(15) == "block.conv2/5 and 1 more");
    CHECK(found.label(1) == "stem/1");
  }
  {
    // Padding ties nothing: stem is by itself.
    const Units found = units("residual block with padded shortcut");
    CHECK(found.size() == 4 + 8 + 8);
    CHECK(found.label(3) == "stem/3");
    CHECK(found.label(19) == "block.conv2/7");
  }
  {
    // A slice passes on what it passes.
    const Units found = units("residual block with sliced shortcut");
    CHECK(found.size() == 6 + 3);
    CHECK(found.label(1) == "stem/1");
    CHECK(found.label(2) == "stem/2 and 1 more");
    CHECK(found.label(5) == "stem/5");
    CHECK(found.label(6) == "block.conv1/0");
  }
  {
    const Units found = units("stage of residual blocks");
    CHECK(found.size() == 4 + 3 * 4);
    CHECK(found.label(0) == "stem/0 and 3 more");
  }
  CHECK(labels(units("concatenations of concatenations")) ==
        List{"a/0", "a/1", "a/2", "b/0", "b/1", "c/0", "c/1", "c/2", "c/3", "d/0", "d/1", "d/2"});
  {
    const Units found = units("inverted residual with squeeze-and-excitation");
    CHECK(found.size() == 3 + 6 + 4);
    CHECK(found.label(0) == "stem/0 and 1 more");    // narrow
    CHECK(found.label(3) == "expand/0 and 1 more");  // excite
    CHECK(found.label(9) == "squeeze/0");
  }
  CHECK(units("two heads").size() == 4 + 5);
  CHECK(units("a branch that is only pooled").size() == 4 + 3);
  CHECK(units("flatten after a concatenation").size() == 3 + 2 + 6);
  CHECK(units("batch norm before and after an addition").label(0) == "a/0 and 1 more");
}

TEST_CASE("what must be whole is no unit", "[units][graph]") {
  using namespace nn;
  // Tied to the network's input, to its output, and read by what needs all.
  const Network<float> tied({3, 4, 4}, {Conv2d{.out = 3, .padding = 1},
                                        {Add{}, {"conv1", "input"}},
                                        GlobalAvgPool{},
                                        Dense{.out = 2}});
  CHECK(Units(tied).size() == 0);
  const Network<float> normed(
      {3, 4, 4}, {Conv2d{.out = 4}, LayerNorm{}, Conv2d{.out = 3, .kernel = 1}, GlobalAvgPool{},
                  Dense{.out = 2}});
  CHECK(labels(Units(normed)) == std::vector<std::string>{"conv2/0", "conv2/1", "conv2/2"});
  const auto data = networks::data_for(tied, 10, 1);
  CHECK(error_text([&] { NetworkGame(tied, data, CrossEntropy{}); }) ==
        "NetworkGame: expected at least one unit, got none");
  CHECK(error_text([&] { NetworkGame(tied, data, CrossEntropy{}, Units(normed)); }) ==
        "NetworkGame: expected units of this network, got units of another one");
}

TEST_CASE("masks are what plain loops with zeros give, and compaction gives the same",
          "[compaction][graph]") {
  for (const auto& one : patterns::all<float>()) {
    const auto net = network_of<float>(one, 2);
    const auto wide = network_of<double>(pattern<double>(one.name), 2);
    const Units units(net);
    const auto data = reference::random_data<float>(one.input, 66, 2, 3);
    const auto wide_data = reference::random_data<double>(one.input, 66, 2, 3);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const Coalition kept = random_kept(units, 0.05 * static_cast<double>(seed), seed);
      CAPTURE(one.name, kept);
      const auto mask = units.mask(kept);
      nn::check_kept(net, mask);
      const auto out = nn::forward(net, data.images, mask, 1);
      const auto wide_out = nn::forward(wide, wide_data.images, mask, 1);
      if (seed % 5 == 0) CHECK(difference(wide_out, masked(wide, mask, wide_data.images)) < 1e-12);
      const auto smaller = compact(net, units, kept);
      CHECK(difference(nn::forward(smaller.network, data.images, 1), out) < 1e-5);
      CHECK(difference(nn::forward(compact(wide, units, kept).network, wide_data.images, 1),
                       wide_out) < 1e-12);
      CHECK(smaller.kept == mask);
      const Cost left = cost(net, units, kept);
      CHECK(left.parameters == smaller.network.parameters());
      CHECK(left.macs == smaller.network.macs());
    }
    const auto same = compact(net, units, Coalition::grand(units.size()));
    CHECK(same.network.parameters() == net.parameters());
    CHECK(nn::forward(same.network, data.images, 1).to_images() ==
          nn::forward(net, data.images, 1).to_images());
  }
}

TEST_CASE("branches that lose all are gone where the units let them", "[compaction][graph]") {
  std::size_t shorter = 0;  // networks that came without some nodes
  for (const auto& one : patterns::all<float>()) {
    const auto net = network_of<float>(one, 2);
    const auto wide = network_of<double>(pattern<double>(one.name), 2);
    const Units strict(net);
    const Units units = removable_branches(net, strict);
    const auto data = reference::random_data<float>(one.input, 66, 2, 3);
    const auto wide_data = reference::random_data<double>(one.input, 66, 2, 3);
    CAPTURE(one.name);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const Coalition kept = random_kept(units, 0.02 * static_cast<double>(seed), seed);
      CAPTURE(kept);
      const auto mask = units.mask(kept);
      const auto smaller = compact(net, units, kept);
      CHECK(difference(nn::forward(smaller.network, data.images, 1),
                       nn::forward(net, data.images, mask, 1)) < 1e-5);
      CHECK(difference(nn::forward(compact(wide, units, kept).network, wide_data.images, 1),
                       nn::forward(wide, wide_data.images, mask, 1)) < 1e-12);
      const Cost left = cost(net, units, kept);
      CHECK(left.parameters == smaller.network.parameters());
      CHECK(left.macs == smaller.network.macs());
      if (smaller.network.nodes().size() == net.nodes().size()) continue;
      ++shorter;
      CHECK_THROWS_AS(compact(net, strict, kept), Error);
      auto refitted = smaller;
      compensate(refitted, net, data.images);
      BaselineScorer<float> scorer(Baseline::weight_gradient, net, units, data);
      CHECK(scorer(kept).size() == kept.size());
    }
  }
  CHECK(shorter > 50);
}

TEST_CASE("an emptied residual branch leaves what it adds to every pixel", "[compaction][graph]") {
  const auto net = network_of<float>(pattern<float>("stage of residual blocks"), 2);
  const Units strict(net);
  const Units units = removable_branches(net, strict);
  // The stage's own channels lead through the network, those inside blocks do not.
  CHECK(layer_constraints(strict).quotas.size() == 4);
  const auto quotas = layer_constraints(units).quotas;
  REQUIRE(quotas.size() == 1);
  CHECK(quotas[0].players == std::vector<Player>{0, 1, 2, 3});
  Coalition kept = Coalition::grand(units.size());
  for (Player p = 8; p < 12; ++p)
    kept.erase(p);
  const auto smaller = compact(net, units, kept);
  CHECK(smaller.network.nodes().size() == net.nodes().size() - 5);
  const auto& sum = smaller.network.node("block2.sum");
  CHECK(nn::as<nn::BatchNorm>(sum.layer) != nullptr);
  CHECK(smaller.network.nodes()[sum.inputs[0]].name == "relu.1");
  CHECK(error_text([&] { compact(net, strict, kept); }) ==
        "compact: expected at least one unit kept in layer \"block2.conv1\", got none");
  const Coalition none(units.size());
  CHECK(error_text([&] { compact(net, units, none); }) ==
        "compact: expected at least one unit kept in layer \"stem\", got none");
  const auto two = network_of<float>(pattern<float>("residual block with identity"), 2);
  CHECK(error_text([&] { removable_branches(two, units); }) ==
        "removable_branches: expected units of this network, got units of another one");
}

TEST_CASE("a compacted graph can be compacted again", "[compaction][graph]") {
  for (const auto& one : patterns::all<float>()) {
    const auto net = network_of<float>(one, 2);
    const auto data = reference::random_data<float>(one.input, 20, 2, 3);
    const Units units(net);
    const auto once = compact(net, units, random_kept(units, 0.7, 1)).network;
    const Units left(once);
    const Coalition kept = random_kept(left, 0.6, 2);
    CAPTURE(one.name);
    CHECK(difference(nn::forward(compact(once, left, kept).network, data.images, 1),
                     nn::forward(once, data.images, left.mask(kept), 1)) < 1e-5);
  }
}

TEST_CASE("the rungs of a graph's game give what masked forward passes give",
          "[network_game][graph]") {
  for (const auto& one : patterns::all<float>()) {
    const auto net = network_of<float>(one, 4);
    const auto data = reference::random_data<float>(one.input, 150, net.output().size(), 5);
    const NetworkGame game(net, data, CrossEntropy{});
    const std::size_t n = game.players();
    CAPTURE(one.name);
    auto worker = game.evaluator();
    RandomStream random(6, 0);
    const auto near = [](double a, double b) {
      return std::abs(a - b) <= 1e-5 * std::max(1.0, std::abs(b));
    };
    std::vector<Coalition> coalitions(5, Coalition(n));
    for (std::size_t k = 1; k < 4; ++k)
      random.bernoulli_mask(0.25 * static_cast<double>(k), coalitions[k]);
    coalitions.back() = Coalition::grand(n);
    std::vector<double> batch(coalitions.size());
    worker.batch(coalitions, batch);
    for (std::size_t k = 0; k < coalitions.size(); ++k) {
      const double expected =
          -nn::evaluate(net, data, game.units().mask(coalitions[k]), 1).cross_entropy;
      CHECK(near(batch[k], expected));
      CHECK(game(coalitions[k]) == batch[k]);
    }

    std::vector<Player> toggles(300);
    for (Player& p : toggles)
      p = random.below(static_cast<std::uint32_t>(n));
    std::vector<double> out(toggles.size() + 1);
    worker.chain(coalitions[2], toggles, out);
    Coalition at = coalitions[2];
    auto fresh = game.evaluator();
    std::size_t wrong = 0;
    for (std::size_t k = 0; k < toggles.size(); ++k) {
      at.toggle(toggles[k]);
      wrong += near(out[k + 1], fresh(at)) ? 0 : 1;
    }
    CHECK(wrong == 0);
    auto piecewise = game.evaluator();
    at = coalitions[2];
    std::vector<double> part(11);
    wrong = 0;
    for (std::size_t k = 0; k + 10 <= toggles.size(); k += 10) {
      const auto segment = std::span<const Player>(toggles).subspan(k, 10);
      piecewise.chain(at, segment, part);
      for (std::size_t j = 0; j < 11; ++j)
        wrong += part[j] == out[k + j] ? 0 : 1;
      for (const Player p : segment)
        at.toggle(p);
    }
    CHECK(wrong == 0);

    std::vector<Player> players;
    for (Player p = 0; p < n; ++p)
      players.push_back(p);
    random.shuffle(std::span(players));
    std::vector<double> star(n + 1);
    for (const Coalition& centre : {coalitions[1], coalitions[3], coalitions.back()}) {
      worker.star(centre, players, star);
      CHECK(near(star[0], fresh(centre)));
      wrong = 0;
      for (std::size_t k = 0; k < n; ++k) {
        Coalition neighbour = centre;
        neighbour.toggle(players[k]);
        wrong += near(star[k + 1], fresh(neighbour)) ? 0 : 1;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("stars write over later steps only where nobody needs them", "[network_game][graph]") {
  const auto spoils = [](const char* name) {
    const auto& one = pattern(name);
    const auto net = network_of<float>(one, 4);
    return detail::GameNetwork<float>(net, Units(net), nn::Tensor<float>(one.input, 10)).spoils();
  };
  CHECK(spoils("branches side by side"));
  CHECK(!spoils("stage of residual blocks"));
  CHECK(!spoils("concatenations of concatenations"));
}

TEST_CASE("players of a graph may be those of chosen layers", "[network_game][graph]") {
  const auto& one = pattern("stage of residual blocks");
  const auto net = network_of<float>(one, 4);
  const auto data = reference::random_data<float>(one.input, 70, 3, 5);
  const std::vector<std::string> layers{"block3.conv1"};
  const NetworkGame game(net, data, CrossEntropy{}, layers);
  CHECK(game.players() == 4);
  CHECK(game.units().label(1) == "block3.conv1/1");
  std::vector<double> out(5);
  const std::vector<Player> toggles{2, 0, 2, 3};
  auto worker = game.evaluator();
  Coalition at(4, {1, 2});
  worker.chain(at, toggles, out);
  for (std::size_t k = 0; k < toggles.size(); ++k) {
    at.toggle(toggles[k]);
    const double expected = -nn::evaluate(net, data, game.units().mask(at), 1).cross_entropy;
    CHECK(out[k + 1] == Approx(expected).epsilon(1e-5));
  }
}

TEST_CASE("compensation brings graphs nearer to the unpruned ones", "[compensation][graph]") {
  for (const auto& one : patterns::all<float>()) {
    const auto net = network_of<float>(one, 7);
    const Units units(net);
    const auto images = reference::random_data<float>(one.input, 400, 2, 8).images;
    auto smaller = compact(net, units, random_kept(units, 0.7, 3));
    const auto full = nn::forward(net, images, 1).to_images();
    const auto error = [&] {
      const auto out = nn::forward(smaller.network, images, 1).to_images();
      double sum = 0.0;
      for (std::size_t i = 0; i < out.size(); ++i)
        sum += std::pow(double(out[i]) - double(full[i]), 2);
      return sum;
    };
    const double before = error();
    compensate(smaller, net, images);
    CAPTURE(one.name, before, error());
    CHECK(error() < 0.8 * before);
  }
}

TEST_CASE("baselines score tied units by all that makes them", "[baselines][graph]") {
  const auto net = network_of<float>(pattern("residual block with identity"), 9);
  const Units units(net);
  const auto data = reference::random_data<float>(net.input(), 70, 3, 5);
  const auto grand = Coalition::grand(units.size());
  const auto l2 = BaselineScorer(Baseline::magnitude_l2, net, units, data)(grand);
  CHECK(l2[1] == Approx(std::sqrt(net.weight("stem").row(1).squaredNorm() +
                                  net.weight("block.conv2").row(1).squaredNorm())));
  for (const auto& one : patterns::all<float>()) {
    const auto other = network_of<float>(one, 9);
    const Units all(other);
    const Coalition kept = random_kept(all, 0.8, 4);
    for (const Baseline baseline :
         {Baseline::magnitude_l1, Baseline::magnitude_l2, Baseline::weight_gradient,
          Baseline::taylor, Baseline::apoz, Baseline::mean_activation, Baseline::rms_outgoing}) {
      const auto scores = BaselineScorer(
          baseline, other, all,
          reference::random_data<float>(one.input, 70, other.output().size(), 5))(kept);
      CAPTURE(one.name);
      REQUIRE(scores.size() == kept.size());
      for (const double score : scores)
        CHECK((std::isfinite(score) && score >= 0.0));
    }
  }
}

TEST_CASE("a graph is pruned to a budget of multiply-adds", "[compaction][graph]") {
  const auto net = network_of<float>(pattern("residual block with padded shortcut"), 9);
  const Units units(net);
  const auto data = reference::random_data<float>(net.input(), 70, 3, 5);
  BaselineScorer scorer(Baseline::magnitude_l2, net, units, data);
  const auto macs = mac_cost(net, units);
  const auto path = iterated_pruning(
      units.size(), scorer,
      {.keep = Budget::cost("multiply-adds", macs, 0.4 * static_cast<double>(net.macs())),
       .constraints = layer_constraints(units)});
  const auto smaller = compact(net, units, path.back().kept).network;
  CHECK(static_cast<double>(smaller.macs()) == macs(path.back().kept));
  CHECK(static_cast<double>(smaller.macs()) <= 0.4 * static_cast<double>(net.macs()));
  // What is left of the shortcut chooses channels, and has zeros for those that are gone.
  CHECK(nn::as<nn::ChannelSelect>(smaller.node("pad").layer));
}

TEST_CASE("an emptied branch is refused by name", "[compaction][graph][error]") {
  const auto net = network_of<float>(pattern("residual block with identity"), 9);
  const Units units(net);
  Coalition kept = Coalition::grand(10);
  for (Player p = 5; p < 10; ++p)
    kept.erase(p);
  CHECK(error_text([&] { compact(net, units, kept); }) ==
        "compact: expected at least one unit kept in layer \"block.conv1\", got none");
  const Constraints constraints = layer_constraints(units);
  REQUIRE(constraints.quotas.size() == 2);
  CHECK(constraints.quotas[0].name == "stem");
  CHECK(constraints.quotas[1].name == "block.conv1");
}
