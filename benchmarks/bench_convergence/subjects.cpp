#include "subjects.hpp"

#include <gtap/core/random.hpp>
#include <gtap/estimate.hpp>
#include <gtap/games/callable.hpp>
#include <gtap/games/classic.hpp>
#include <gtap/games/closed_form.hpp>
#include <gtap/io/mnist.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

using namespace gtap;

namespace {

/// A game of few players as the table of its values: the same errors, without the model's time.
class TableGame {
 public:
  template <class Game>
  explicit TableGame(const Game& game)
      : players_(game.players()), values_(std::size_t{1} << players_) {
    auto evaluator = gtap::evaluator(game);
    Coalition coalition(players_);
    for (std::size_t bits = 0; bits < values_.size(); ++bits) {
      coalition.words()[0] = bits;
      values_[bits] = evaluator(coalition);
    }
  }

  std::size_t players() const { return players_; }
  double operator()(const Coalition& coalition) const { return values_[coalition.words()[0]]; }
  auto evaluator() const { return gtap::detail::EvaluatorReference<TableGame>(*this); }

 private:
  std::size_t players_;
  std::vector<double> values_;
};

/// Errors by the game's table, the truth by folding it, seconds by the game itself.
template <class Game>
Subject enumerated(const std::string& name, std::shared_ptr<const Game> game,
                   std::vector<std::shared_ptr<const void>> owned, double retention) {
  const auto table = std::make_shared<const TableGame>(*game);
  owned.push_back(game);
  owned.push_back(table);
  const AnyGame any = AnyGame::view(*table);
  return {name,
          std::move(owned),
          true,
          any,
          AnyGame::view(*game),
          retention,
          estimate(any, Shapley{}, Exact{}).values,
          estimate(any, Dropout{0.5}, Exact{}).values,
          estimate(any, Dropout{retention}, Exact{}).values};
}

/// A logistic function of 14 weighted players.
Subject sigmoid() {
  RandomStream random(5, 0);
  std::vector<double> weights(14);
  for (double& w : weights)
    w = random.normal();
  const auto value = [weights](const Coalition& coalition) {
    double z = -0.5;
    coalition.for_each([&](Player p) { z += weights[p]; });
    return 1.0 / (1.0 + std::exp(-z));
  };
  using Game = decltype(make_game(14, value, thread_safe));
  return enumerated("sigmoid", std::make_shared<const Game>(make_game(14, value, thread_safe)), {},
                    0.3);
}

/// The council of the European Union, 1995 to 2004.
Subject voting() {
  return enumerated("voting",
                    std::make_shared<const WeightedVotingGame>(
                        62.0, std::vector<double>{10, 10, 10, 10, 8, 5, 5, 5, 5, 4, 4, 3, 3, 3, 2}),
                    {}, 0.7);
}

/// A dense network on Fashion-MNIST whose 16 hidden units are the players; its value is the cross
/// entropy over 500 images.
Subject network(const std::filesystem::path& folder) {
  const MnistLike data = load_mnist_like(folder);
  using Net = nn::Network<float>;
  const auto net = std::make_shared<Net>(
      data.train.images.shape(), std::vector<nn::Layer<float>>{nn::Flatten{}, nn::Dense{.out = 16},
                                                               nn::Relu{}, nn::Dense{.out = 10}});
  nn::initialize(*net, 1);
  nn::train(*net, data.train.subset(0, 10'000), nn::TrainOptions{.epochs = 5});
  const auto images = std::make_shared<const nn::Dataset<float>>(data.test.subset(0, 500));
  const NetworkGame game(*net, *images, CrossEntropy{});
  return enumerated("network", std::make_shared<const std::decay_t<decltype(game)>>(game),
                    {net, images}, 0.3);
}

/// What a linear read-out of h = tanh(noise) explains of y over 40 images, with the images
/// themselves: a value costs 40 additions a member, a step of a chain 40.
class ReadoutOfImages {
 public:
  static constexpr std::size_t images = 40;

  explicit ReadoutOfImages(std::size_t players) : outputs_(players * images), target_(images) {
    RandomStream random(3, 0);
    for (double& y : target_)
      y = random.normal();
    for (std::size_t i = 0; i < players; ++i) {
      const double weight = random.normal() / static_cast<double>(players);
      for (std::size_t k = 0; k < images; ++k)
        outputs_[i * images + k] = weight * std::tanh(random.normal());
    }
  }

  std::size_t players() const { return outputs_.size() / images; }
  double operator()(const Coalition& coalition) const { return Evaluator(*this)(coalition); }

  class Evaluator {
   public:
    explicit Evaluator(const ReadoutOfImages& game) : game_(&game), sum_(images) {}
    std::size_t players() const { return game_->players(); }
    double operator()(const Coalition& coalition) {
      state_ = coalition;
      std::fill(sum_.begin(), sum_.end(), 0.0);
      coalition.for_each([&](Player p) { add(p, 1.0); });
      return value();
    }
    void chain(const Coalition& start, std::span<const Player> toggles, std::span<double> out) {
      out[0] = (*this)(start);
      for (std::size_t k = 0; k < toggles.size(); ++k) {
        add(toggles[k], state_.contains(toggles[k]) ? -1.0 : 1.0);
        state_.toggle(toggles[k]);
        out[k + 1] = value();
      }
    }
    void star(const Coalition& centre, std::span<const Player> players, std::span<double> out) {
      out[0] = (*this)(centre);
      for (std::size_t k = 0; k < players.size(); ++k) {
        const double sign = state_.contains(players[k]) ? -1.0 : 1.0;
        add(players[k], sign);
        out[k + 1] = value();
        add(players[k], -sign);
      }
    }

   private:
    void add(Player p, double sign) {
      const double* const output = game_->outputs_.data() + p * images;
      for (std::size_t k = 0; k < images; ++k)
        sum_[k] += sign * output[k];
    }
    double value() const {
      double sum = 0.0;
      for (std::size_t k = 0; k < images; ++k)
        sum += sum_[k] * (2.0 * game_->target_[k] - sum_[k]);
      return sum / static_cast<double>(images);
    }

    const ReadoutOfImages* game_;
    Coalition state_;
    std::vector<double> sum_;
  };
  Evaluator evaluator() const { return Evaluator(*this); }

  /// The same game by its moments, which knows its indices.
  LinearReadoutGame closed_form() const {
    const std::size_t n = players();
    std::vector<double> correlations(n, 0.0);
    std::vector<double> gram(n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < images; ++k)
        correlations[i] += target_[k] * outputs_[i * images + k] / images;
      for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t k = 0; k < images; ++k)
          gram[i * n + j] += outputs_[i * images + k] * outputs_[j * images + k] / images;
      }
    }
    return {std::vector<double>(n, 1.0), correlations, gram};
  }

 private:
  std::vector<double> outputs_;  // w_i h_i, players x images
  std::vector<double> target_;
};

Subject readout() {
  const auto game = std::make_shared<const ReadoutOfImages>(500);
  const LinearReadoutGame truth = game->closed_form();
  return {"readout",
          {game},
          false,
          AnyGame::view(*game),
          AnyGame::view(*game),
          0.3,
          truth.shapley(),
          truth.dropout(0.5),
          truth.dropout(0.3)};
}

}  // namespace

std::vector<SubjectMaker> subject_makers(const std::filesystem::path& data) {
  return {{"sigmoid", sigmoid},
          {"voting", voting},
          {"network", [data] { return network(data); }},
          {"readout", readout}};
}
