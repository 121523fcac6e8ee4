#include <gtap/network/baselines.hpp>
#include <gtap/network/network_game.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "networks.hpp"

#include <cmath>

using namespace gtap;

namespace {

double loss(const nn::Network<float>& net, const nn::Dataset<float>& data) {
  return -NetworkGame(net, data, CrossEntropy{})(Coalition::grand(Units(net).size()));
}

}  // namespace

TEST_CASE("magnitudes are norms of a unit's incoming weights from kept units", "[baselines]") {
  const auto net = networks::all()[0].second;
  const Units units(net);
  const auto data = networks::data_for(net, 10, 1);
  Coalition kept = Coalition::grand(units.size());
  kept.erase(2);
  BaselineScorer l1(Baseline::magnitude_l1, net, units, data);
  BaselineScorer l2(Baseline::magnitude_l2, net, units, data);
  const auto one = l1(kept);
  const auto two = l2(kept);
  REQUIRE(one.size() == units.size() - 1);
  double sum = 0.0;
  double squares = 0.0;
  for (Eigen::Index i = 0; i < 17; ++i) {
    if (i == 2) continue;
    sum += std::abs(net.weight("dense2")(3, i));
    squares += std::pow(net.weight("dense2")(3, i), 2);
  }
  CHECK(one[16 + 3] == Approx(sum).epsilon(1e-5));
  CHECK(two[16 + 3] == Approx(std::sqrt(squares)).epsilon(1e-5));
  CHECK(l1.evaluations() == 0);
}

TEST_CASE("weight x gradient agrees with finite differences", "[baselines]") {
  const auto net = networks::all()[0].second;
  const Units units(net);
  const auto data = networks::data_for(net, 300, 2);
  BaselineScorer scorer(Baseline::weight_gradient, net, units, data);
  const auto scores = scorer(Coalition::grand(units.size()));
  double expected = 0.0;
  for (Eigen::Index i = 0; i < 17; ++i) {
    auto up = net;
    auto down = net;
    const float step = 1e-2f;
    up.edit_node("dense2").weight(4, i) += step;
    down.edit_node("dense2").weight(4, i) -= step;
    const double gradient = (loss(up, data) - loss(down, data)) / (2.0 * step);
    expected += std::abs(gradient * net.weight("dense2")(4, i));
  }
  CHECK(scores[17 + 4] == Approx(expected).epsilon(0.02));
  CHECK(scorer.evaluations() == 1);
}

TEST_CASE("Taylor scores agree with finite differences on one image", "[baselines]") {
  // With one image the score is |a dL/da|: the slope of the loss when the unit's output is scaled.
  const auto net = networks::all()[1].second;
  const Units units(net);
  const auto data = networks::data_for(net, 1, 2);
  BaselineScorer scorer(Baseline::taylor, net, units, data);
  const auto scores = scorer(Coalition::grand(units.size()));
  const auto check = [&](const std::string& layer, const std::string& next, Player p,
                         Eigen::Index first, Eigen::Index columns, double pixels) {
    auto up = net;
    auto down = net;
    const float step = 2e-3f;
    up.edit_node(next).weight.middleCols(first, columns) *= 1 + step;
    down.edit_node(next).weight.middleCols(first, columns) *= 1 - step;
    const double slope = std::abs((loss(up, data) - loss(down, data)) / (2.0 * step)) / pixels;
    CAPTURE(layer, slope);
    CHECK(scores[p] == Approx(slope).epsilon(0.03).margin(1e-4));
  };
  check("conv1", "conv2", 2, 2 * 9, 9, 49.0);
  check("conv2", "dense1", 6 + 5, 5 * 4, 4, 4.0);
  check("dense1", "dense2", 14 + 3, 3, 1, 1.0);
}

TEST_CASE("activation scores are means over images and pixels", "[baselines]") {
  const auto net = networks::all()[1].second;
  const Units units(net);
  const auto data = networks::data_for(net, 90, 2);
  const auto grand = Coalition::grand(units.size());
  // conv1, relu, max pooling
  const auto values = nn::detail::run_nodes("test", net, 3, data.images, nullptr, 1);
  double nonzero = 0.0;
  double sum = 0.0;
  double square = 0.0;
  for (std::size_t i = 0; i < 90; ++i) {
    for (std::size_t y = 0; y < 7; ++y) {
      for (std::size_t x = 0; x < 7; ++x) {
        const double a = values.get(i, 4, y, x);
        nonzero += a > 0.0 ? 1.0 : 0.0;
        sum += a;
        square += a * a;
      }
    }
  }
  const double count = 90.0 * 49.0;
  const double outgoing = net.weight("conv2").middleCols(4 * 9, 9).norm();
  CHECK(BaselineScorer(Baseline::apoz, net, units, data)(grand)[4] == Approx(nonzero / count));
  CHECK(BaselineScorer(Baseline::mean_activation, net, units, data)(grand)[4] ==
        Approx(sum / count).epsilon(1e-4));
  CHECK(BaselineScorer(Baseline::rms_outgoing, net, units, data)(grand)[4] ==
        Approx(std::sqrt(square / count) * outgoing).epsilon(1e-4));
}

TEST_CASE("baselines run on every kind of network, and on masks of it", "[baselines]") {
  for (const auto& [name, net] : networks::all()) {
    const Units units(net);
    const auto data = networks::data_for(net, 70, 2);
    Coalition kept = Coalition::grand(units.size());
    kept.erase(1);
    for (const Baseline baseline :
         {Baseline::magnitude_l1, Baseline::magnitude_l2, Baseline::weight_gradient,
          Baseline::taylor, Baseline::apoz, Baseline::mean_activation, Baseline::rms_outgoing}) {
      const auto scores = BaselineScorer(baseline, net, units, data)(kept);
      CAPTURE(name);
      REQUIRE(scores.size() == kept.size());
      for (const double score : scores)
        CHECK((std::isfinite(score) && score >= 0.0));
    }
  }
  const auto net = networks::all()[0].second;
  const nn::Dataset<float> none;
  CHECK(error_text([&] { BaselineScorer(Baseline::taylor, net, Units(net), none); }) ==
        "BaselineScorer: expected at least one image, got an empty data set");
  const networks::WrongImages wrong(net);
  CHECK(error_text([&] { BaselineScorer(Baseline::apoz, net, Units(net), wrong.larger); }) ==
        "BaselineScorer: expected images of 20x1x1, got 21x1x1");
  CHECK(error_text([&] { BaselineScorer(Baseline::taylor, net, Units(net), wrong.not_finite); }) ==
        "BaselineScorer: expected images of finite numbers, got image 7 with others");
  auto broken = net;
  broken.edit_node("dense2").weight(1, 2) = std::nanf("");
  CHECK(error_text([&] { BaselineScorer(Baseline::magnitude_l1, broken, Units(net), none); }) ==
        "dense2.weight: expected finite numbers, got nan at 19");
}
