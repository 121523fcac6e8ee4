// The code of docs/value_functions.md.

#include <gtap/core/value_function.hpp>
#include <gtap/games/callable.hpp>

#include "catch.hpp"

#include <Eigen/Dense>

#include <vector>

namespace {

// [value]
/// How well a linear model predicts when only some of its inputs are there: minus the mean squared
/// error. Column i of `parts` is what input i adds to the prediction for each row of the data.
struct ReadoutFit {
  Eigen::MatrixXd parts;
  Eigen::VectorXd target;

  std::size_t players() const { return static_cast<std::size_t>(parts.cols()); }

  double operator()(const gtap::Coalition& kept) const {
    Eigen::VectorXd error = target;
    kept.for_each([&](gtap::Player p) { error -= parts.col(p); });
    return -error.squaredNorm() / static_cast<double>(error.size());
  }
};
// [value]
static_assert(gtap::ValueFunction<ReadoutFit>);
static_assert(!gtap::ConcurrentGame<ReadoutFit>);

// [evaluator]
class ReadoutEvaluator {
 public:
  explicit ReadoutEvaluator(const ReadoutFit& game) : game_(&game), kept_(game.players()) {
    (*this)(kept_);
  }

  std::size_t players() const { return game_->players(); }

  double operator()(const gtap::Coalition& kept) {
    kept_ = kept;
    error_ = game_->target;
    kept.for_each([&](gtap::Player p) { error_ -= game_->parts.col(p); });
    return value();
  }
  // [evaluator]

  // [chain]
  void chain(const gtap::Coalition& start, std::span<const gtap::Player> toggles,
             std::span<double> out) {
    out[0] = kept_ == start ? value() : (*this)(start);
    for (std::size_t k = 0; k < toggles.size(); ++k) {
      toggle(toggles[k]);
      out[k + 1] = value();
    }
  }
  // [chain]

  // [star]
  void star(const gtap::Coalition& centre, std::span<const gtap::Player> players,
            std::span<double> out) {
    out[0] = (*this)(centre);
    for (std::size_t k = 0; k < players.size(); ++k) {
      const auto part = game_->parts.col(players[k]);
      const double sign = centre.contains(players[k]) ? 1.0 : -1.0;
      out[k + 1] = -(error_ + sign * part).squaredNorm() / rows();
    }
  }
  // [star]

  // [batch]
  void batch(std::span<const gtap::Coalition> coalitions, std::span<double> out) {
    masks_.setZero(game_->parts.cols(), static_cast<Eigen::Index>(coalitions.size()));
    for (Eigen::Index k = 0; k < masks_.cols(); ++k) {
      coalitions[static_cast<std::size_t>(k)].for_each([&](gtap::Player p) { masks_(p, k) = 1.0; });
    }
    errors_.noalias() = game_->parts * masks_;
    errors_.colwise() -= game_->target;
    Eigen::Map<Eigen::RowVectorXd>(out.data(), masks_.cols()) =
        -errors_.colwise().squaredNorm() / rows();
  }
  // [batch]

 private:
  // [private]
  void toggle(gtap::Player p) {
    if (kept_.contains(p)) {
      error_ += game_->parts.col(p);
    } else {
      error_ -= game_->parts.col(p);
    }
    kept_.toggle(p);
  }
  double value() const { return -error_.squaredNorm() / rows(); }
  double rows() const { return static_cast<double>(game_->target.size()); }

  const ReadoutFit* game_;
  gtap::Coalition kept_;
  Eigen::VectorXd error_;
  Eigen::MatrixXd masks_;
  Eigen::MatrixXd errors_;
  // [private]
};

// [game]
struct FastReadoutFit : ReadoutFit {
  ReadoutEvaluator evaluator() const { return ReadoutEvaluator(*this); }
};
// [game]

// [check]
static_assert(gtap::ConcurrentGame<FastReadoutFit>);
static_assert(gtap::ChainEvaluator<ReadoutEvaluator>);
static_assert(gtap::StarEvaluator<ReadoutEvaluator>);
static_assert(gtap::BatchEvaluator<ReadoutEvaluator>);
// [check]

FastReadoutFit small_game() {
  FastReadoutFit game;
  game.parts = Eigen::MatrixXd{{1, 2, 0}, {0, -1, 3}, {2, 2, 2}, {1, 0, -1}};
  game.target = Eigen::VectorXd{{2, 1, 5, 0}};
  return game;
}

}  // namespace

TEST_CASE("all rungs of the manual's game give the plain values") {
  const FastReadoutFit game = small_game();
  auto worker = gtap::evaluator(game);
  std::vector<gtap::Coalition> all;
  for (unsigned bits = 0; bits < 8; ++bits) {
    gtap::Coalition coalition(3);
    for (gtap::Player p = 0; p < 3; ++p) {
      if ((bits >> p & 1) != 0) coalition.insert(p);
    }
    all.push_back(coalition);
  }
  std::vector<double> batch(all.size());
  worker.batch(all, batch);
  for (std::size_t k = 0; k < all.size(); ++k) {
    CHECK(worker(all[k]) == Approx(game(all[k])).margin(1e-12));
    CHECK(batch[k] == Approx(game(all[k])).margin(1e-12));
    const std::vector<gtap::Player> players{2, 0, 1};
    std::vector<double> out(4);
    worker.star(all[k], players, out);
    CHECK(out[0] == Approx(game(all[k])).margin(1e-12));
    for (std::size_t i = 0; i < 3; ++i) {
      gtap::Coalition other = all[k];
      other.toggle(players[i]);
      CHECK(out[i + 1] == Approx(game(other)).margin(1e-12));
    }
    worker.chain(all[k], players, out);
    gtap::Coalition walked = all[k];
    for (std::size_t i = 0; i < 3; ++i) {
      walked.toggle(players[i]);
      CHECK(out[i + 1] == Approx(game(walked)).margin(1e-12));
    }
  }
}

TEST_CASE("a callable is a game in one line") {
  const auto my_accuracy = [](const gtap::Coalition& kept) {
    return static_cast<double>(kept.size());
  };
  const std::size_t n = 4;
  // [callable]
  auto game = gtap::make_game(n, [&](const gtap::Coalition& kept) { return my_accuracy(kept); });
  // [callable]
  CHECK(game(gtap::Coalition(4, {1, 2})) == 2.0);

  // [coalitions]
  const gtap::Coalition nobody(n);                        // of n players
  const gtap::Coalition two(n, {0, 2});                   // players 0 and 2
  const gtap::Coalition all = gtap::Coalition::grand(n);  // everybody
  const double to_share = game(all) - game(nobody);       // what Shapley values add up to
  const bool third = two.contains(2) && two.size() < n;
  // [coalitions]
  CHECK(to_share == 4.0);
  CHECK(third);

  // [thread_safe]
  auto shared = gtap::make_game(
      n, [&](const gtap::Coalition& kept) { return my_accuracy(kept); }, gtap::thread_safe);
  // [thread_safe]
  CHECK(shared(gtap::Coalition(4, {1, 2})) == 2.0);

  struct Model {
    std::vector<float> scratch = std::vector<float>(100);
    double accuracy(const gtap::Coalition& kept) { return static_cast<double>(kept.size()); }
  };
  const auto load_model = [] { return Model{}; };
  // [factory]
  auto workers = gtap::make_game_from_factory(n, [&] {
    return [model = load_model()](const gtap::Coalition& kept) mutable {
      return model.accuracy(kept);
    };
  });
  // [factory]
  CHECK(workers(gtap::Coalition(4, {1, 2})) == 2.0);

  struct {
    int set = 0;
    void set_threads(int count) { set = count; }
    struct NoGradients {
      explicit NoGradients(int) {}
      ~NoGradients() {}
    };
    NoGradients no_gradients() { return NoGradients(0); }
  } engine;
  // [engine]
  auto on_engine = gtap::make_game_from_factory(n, [&] {
    engine.set_threads(1);  // of the thread that asks: gtap has a thread for each core
    return [&engine, model = load_model()](const gtap::Coalition& kept) mutable {
      const auto guard = engine.no_gradients();
      return model.accuracy(kept);
    };
  });
  // [engine]
  CHECK(on_engine(gtap::Coalition(4, {1, 2})) == 2.0);
  CHECK(engine.set == 1);
}
