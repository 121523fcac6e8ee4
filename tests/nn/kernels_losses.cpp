#include <gtap/nn/kernels/losses.hpp>

#include "catch.hpp"
#include "nn/kernels_support.hpp"

#include <algorithm>

using namespace gtap_test;

namespace {

/// Logits of classes x 64 images, their labels, and the definitions in double.
template <class T>
struct Sample {
  std::size_t classes;
  std::size_t images;
  Rows<T> logits;
  Rows<T> label_row{1};
  std::vector<std::uint32_t> labels;

  Sample(std::size_t classes_, std::size_t images_, double scale)
      : classes(classes_), images(images_), logits(classes_, row_size, 11) {
    for (T& x : logits.values())
      x = static_cast<T>(static_cast<double>(x) * scale);
    gtap::RandomStream random(5, 5);
    for (std::size_t i = 0; i < images; ++i)
      labels.push_back(random.below(static_cast<std::uint32_t>(classes)));
    kernels::make_label_row<T>(labels, label_row.data());
  }
  double logit(std::size_t c, std::size_t i) const { return static_cast<double>(logits(c, i)); }
  double log_sum(std::size_t i) const {
    double top = logit(0, i);
    for (std::size_t c = 1; c < classes; ++c)
      top = std::max(top, logit(c, i));
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c)
      sum += std::exp(logit(c, i) - top);
    return top + std::log(sum);
  }
  double cross_entropy() const {
    double total = 0;
    for (std::size_t i = 0; i < images; ++i)
      total += log_sum(i) - logit(labels[i], i);
    return total;
  }
  double correct() const {
    double count = 0;
    for (std::size_t i = 0; i < images; ++i) {
      std::size_t best = 0;
      for (std::size_t c = 1; c < classes; ++c) {
        if (logit(c, i) > logit(best, i)) best = c;
      }
      count += best == labels[i] ? 1 : 0;
    }
    return count;
  }
};

template <class Arch, class T>
void check_losses(std::size_t classes, std::size_t images, double scale, double tolerance) {
  Sample<T> s(classes, images, scale);
  const double expected = s.cross_entropy();
  CHECK(kernels::cross_entropy<Arch>(classes, s.logits.data(), s.label_row.data()) ==
        Approx(expected).epsilon(tolerance));
  CHECK(kernels::correct<Arch>(classes, s.logits.data(), s.label_row.data()) == s.correct());

  Rows<T> gradient(classes);
  Rows<T> probability(classes);
  Rows<T> log_probability(classes);
  CHECK(kernels::cross_entropy_gradient<Arch>(classes, s.logits.data(), s.label_row.data(), T(0.5),
                                              gradient.data()) ==
        Approx(expected).epsilon(tolerance));
  kernels::softmax<Arch>(classes, s.logits.data(), probability.data());
  kernels::log_softmax<Arch>(classes, s.logits.data(), log_probability.data());
  const double margin = tolerance * std::max(1.0, scale);
  for (std::size_t i = 0; i < row_size; ++i) {
    for (std::size_t c = 0; c < classes; ++c) {
      const double log_p = s.logit(c, i) - s.log_sum(i);
      REQUIRE(static_cast<double>(log_probability(c, i)) == Approx(log_p).margin(margin));
      REQUIRE(static_cast<double>(probability(c, i)) ==
              Approx(std::exp(log_p)).epsilon(4 * tolerance).margin(1e-37));
      const double hit = i < images && s.labels[i] == c ? 1 : 0;
      const double slope = i < images ? (std::exp(log_p) - hit) / 2 : 0;
      REQUIRE(static_cast<double>(gradient(c, i)) == Approx(slope).margin(tolerance));
    }
  }
  CHECK(gradient.guards_intact());
  CHECK(probability.guards_intact());

  const Sample<T> reference(classes, images, scale / 3);
  Rows<T> p(classes);
  Rows<T> log_q(classes);
  kernels::softmax<Arch>(classes, reference.logits.data(), p.data());
  kernels::log_softmax<Arch>(classes, reference.logits.data(), log_q.data());
  double divergence = 0;
  for (std::size_t i = 0; i < images; ++i) {
    for (std::size_t c = 0; c < classes; ++c) {
      const double log_p = reference.logit(c, i) - reference.log_sum(i);
      divergence += std::exp(log_p) * (log_p - s.logit(c, i) + s.log_sum(i));
    }
  }
  CHECK(kernels::kl_divergence<Arch>(classes, p.data(), log_q.data(), s.logits.data(),
                                     s.label_row.data()) ==
        Approx(divergence).epsilon(tolerance).margin(margin * static_cast<double>(images)));
}

}  // namespace

TEST_CASE("Losses are their definitions, and padding counts for nothing") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    check_losses<Arch, float>(10, 64, 8, 1e-6);
    check_losses<Arch, float>(10, 40, 60, 1e-6);
    check_losses<Arch, float>(3, 1, 0.01, 1e-6);
    check_losses<Arch, float>(130, 63, 4, 1e-6);
    check_losses<Arch, float>(1, 64, 4, 1e-6);
  });
  check_losses<kernels::default_arch, double>(10, 33, 8, 1e-13);
}

TEST_CASE("A tie is won by the lowest class") {
  Rows<float> logits(3);
  Rows<float> label_row(1);
  for (float& x : logits.values())
    x = 1.0f;
  kernels::make_label_row<float>(std::vector<std::uint32_t>{0, 1, 2, 0}, label_row.data());
  CHECK(kernels::correct(3, logits.data(), label_row.data()) == 2.0);
}

TEST_CASE("Logits far apart neither overflow nor underflow") {
  Rows<float> logits(2);
  Rows<float> label_row(1);
  for (std::size_t i = 0; i < row_size; ++i) {
    logits.data()[i] = 1e30f;
    logits.data()[row_size + i] = -1e30f;
  }
  kernels::make_label_row<float>(std::vector<std::uint32_t>{0}, label_row.data());
  CHECK(kernels::cross_entropy(2, logits.data(), label_row.data()) == 0.0);
  kernels::make_label_row<float>(std::vector<std::uint32_t>{1}, label_row.data());
  CHECK(kernels::cross_entropy(2, logits.data(), label_row.data()) == Approx(2e30));
}

TEST_CASE("A logit that is not a number makes the loss of its image not a number") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    for (const std::size_t bad : {0u, 1u, 4u}) {
      Sample<float> s(5, 20, 2);
      s.logits.data()[bad * row_size + 7] = std::numeric_limits<float>::quiet_NaN();
      CHECK(std::isnan(kernels::cross_entropy<Arch>(5, s.logits.data(), s.label_row.data())));
      CHECK(std::isnan(kernels::correct<Arch>(5, s.logits.data(), s.label_row.data())));
      s.logits.data()[bad * row_size + 7] = 0;
      s.logits.data()[bad * row_size + 20] = std::numeric_limits<float>::quiet_NaN();
      CHECK(std::isfinite(kernels::cross_entropy<Arch>(5, s.logits.data(), s.label_row.data())));
      CHECK(std::isfinite(kernels::correct<Arch>(5, s.logits.data(), s.label_row.data())));
    }
  });
}
