// A law of one's own: which coalitions of the others count, and how much, when a player's
// contribution is measured. Here the others are kept with a probability that is mostly large.
#include <gtap/estimate.hpp>

#include <cmath>
#include <iostream>
#include <string>
#include <vector>

/// The retention probability is the larger of two uniform ones: q has the density 2 q.
struct MostlyKept {
  /// Required: log p_0 .. log p_{n-1}, the weights of one coalition of each size of the others.
  /// Here p_s is the integral of 2 q q^s (1 - q)^(n-1-s), which is 2 / ((n + 1) C(n, s + 1)).
  std::vector<double> log_weights(std::size_t players) const {
    const std::vector<double> binomials = gtap::math::log_binomials(players);
    std::vector<double> logs(players);
    for (std::size_t s = 0; s < players; ++s)
      logs[s] = std::log(2.0 / (static_cast<double>(players) + 1.0)) - binomials[s + 1];
    return logs;
  }

  /// Optional: the inverse of q's distribution function, which opens the designs that draw q
  /// (SharedCoalition, Owen) and top_k. A law of one probability has `double point()`, too.
  double quantile(double u) const { return std::sqrt(u); }

  /// Optional: what reports and checkpoints call it.
  std::string name() const { return "mostly-kept"; }
};

int main() {
  // Four units of which the first two do the same: one of them is enough.
  const auto game = gtap::make_game(4, [](const gtap::Coalition& kept) {
    return (kept.contains(0) || kept.contains(1) ? 2.0 : 0.0) + (kept.contains(2) ? 1.0 : 0.0);
  });
  const gtap::Estimate exact = gtap::estimate(game, MostlyKept{});
  std::cout << exact;
  const gtap::Estimate sampled =
      gtap::estimate(game, MostlyKept{}, gtap::SharedCoalition{},
                     {.evaluations = 5'000, .seed = 1, .enumerate_small = false});
  std::cout << sampled;

  // The first counts where the second is missing, with probability 1 - E[q] = 1/3.
  bool right = std::abs(exact.values[0] - 2.0 / 3.0) < 1e-12;
  for (std::size_t p = 0; p < 4; ++p)
    right = right && std::abs(sampled.values[p] - exact.values[p]) <=
                         5.0 * sampled.standard_errors[p] + 1e-12;
  return right ? 0 : 1;
}
