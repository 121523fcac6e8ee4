#pragma once

#include <gtap/nn/kernels/arch.hpp>
#include <gtap/nn/kernels/elementary.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace gtap::nn::kernels {

// Logits are rows [classes][64 images]. Labels are a row of numbers: the class of each image, and
// -1 for padding, which counts for nothing. Sums over a tile are formed as a tree in T, so a caller
// that adds tiles in double keeps relative errors near 1e-7.

/// Makes the label row of a tile from up to 64 labels; the rest is padding. Once per data set.
template <class T>
void make_label_row(std::span<const std::uint32_t> labels, T* label_row) {
  for (std::size_t i = 0; i < row_size; ++i)
    label_row[i] = i < labels.size() ? static_cast<T>(labels[i]) : T{-1};
}

namespace detail {

/// Packs of a row that are computed together.
inline constexpr std::size_t loss_packs = 4;

/// Largest logit of each image, and the logit of its class: loss_packs packs at `at`.
template <class P>
struct LogitScan {
  using T = typename P::value_type;
  P top[loss_packs];
  P picked[loss_packs];

  LogitScan(std::size_t classes, const T* logits, const T* label_row) {
    P labels[loss_packs];
    GTAP_DETAIL_UNROLL
    for (std::size_t n = 0; n < loss_packs; ++n) {
      labels[n] = P::load_aligned(label_row + n * P::size);
      top[n] = P::load_aligned(logits + n * P::size);
      picked[n] = top[n];
    }
    for (std::size_t c = 1; c < classes; ++c) {
      const P number(static_cast<T>(c));
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < loss_packs; ++n) {
        const P x = P::load_aligned(logits + c * row_size + n * P::size);
        top[n] = larger(x, top[n]);
        picked[n] = select(labels[n] == number, x, picked[n]);
      }
    }
  }
};

/// The tile's images in blocks of loss_packs packs. For each block: use(place, e) for every pack
/// e = exp(logit - top) at logits + place, then finish(at, scan, sums) with the block's place in a
/// row and the sums of e over the classes.
template <class P, class Use, class Finish>
void for_softmax_blocks(std::size_t classes, const typename P::value_type* logits,
                        const typename P::value_type* label_row, Use use, Finish finish) {
  using T = typename P::value_type;
  for (std::size_t at = 0; at < row_size; at += loss_packs * P::size) {
    const LogitScan<P> scan(classes, logits + at, label_row + at);
    P sums[loss_packs];
    GTAP_DETAIL_UNROLL
    for (std::size_t n = 0; n < loss_packs; ++n)
      sums[n] = P(T{0});
    for (std::size_t c = 0; c < classes; ++c) {
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < loss_packs; ++n) {
        const std::size_t place = c * row_size + at + n * P::size;
        const P e = exp_negative(P::load_aligned(logits + place) - scan.top[n]);
        sums[n] += e;
        use(place, e);
      }
    }
    finish(at, scan, sums);
  }
}

/// Where only the sums of the exponentials are wanted.
inline constexpr auto no_use = [](std::size_t, const auto&) {};

}  // namespace detail

/// Softmax cross-entropy, summed over the images of a tile: log(sum of exp(x)) - x[label].
/// NaN where a logit that counts is NaN.
template <class Arch = default_arch, class T>
double cross_entropy(std::size_t classes, const T* logits, const T* label_row) {
  using P = detail::Pack<T, Arch>;
  const P zero(T{0});
  P total = zero;
  detail::for_softmax_blocks<P>(
      classes, logits, label_row, detail::no_use,
      [&](std::size_t at, const detail::LogitScan<P>& scan, const P* sums) {
        // One logarithm for four packs: sums are at most the number of classes.
        P product(T{1});
        GTAP_DETAIL_UNROLL
        for (std::size_t n = 0; n < detail::loss_packs; ++n) {
          const auto padding = P::load_aligned(label_row + at + n * P::size) < zero;
          product = product * select(padding, P(T{1}), sums[n]);
          total += select(padding, zero, scan.top[n] - scan.picked[n]);
        }
        total += log(product);
      });
  return static_cast<double>(detail::sum(total));
}

/// As cross_entropy, and its gradient: gradient = scale * (softmax - one-hot label), zero for
/// padding. gradient may be logits.
template <class Arch = default_arch, class T>
double cross_entropy_gradient(std::size_t classes, const T* logits, const T* label_row, T scale,
                              T* gradient) {
  using P = detail::Pack<T, Arch>;
  const P zero(T{0});
  P total = zero;
  detail::for_softmax_blocks<P>(
      classes, logits, label_row,
      [&](std::size_t place, const P& e) { e.store_aligned(gradient + place); },
      [&](std::size_t at, const detail::LogitScan<P>& scan, const P* sums) {
        for (std::size_t n = 0; n < detail::loss_packs; ++n) {
          const std::size_t place = at + n * P::size;
          const P label = P::load_aligned(label_row + place);
          const auto padding = label < zero;
          total += select(padding, zero, log(sums[n]) + (scan.top[n] - scan.picked[n]));
          const P all = select(padding, zero, P(scale));
          const P share = all / sums[n];
          for (std::size_t c = 0; c < classes; ++c) {
            T* const g = gradient + c * row_size + place;
            const P hit = select(label == P(static_cast<T>(c)), all, zero);
            (P::load_aligned(g) * share - hit).store_aligned(g);
          }
        }
      });
  return static_cast<double>(detail::sum(total));
}

/// Images of a tile whose largest logit is their label's; ties go to the lowest class.
/// NaN where a logit that counts is NaN or infinite.
template <class Arch = default_arch, class T>
double correct(std::size_t classes, const T* logits, const T* label_row) {
  using P = detail::Pack<T, Arch>;
  const P zero(T{0});
  P total = zero;
  for (std::size_t at = 0; at < row_size; at += detail::loss_packs * P::size) {
    P top[detail::loss_packs];
    P best[detail::loss_packs];
    P probe[detail::loss_packs];  // 0, or NaN once a logit is not finite
    GTAP_DETAIL_UNROLL
    for (std::size_t n = 0; n < detail::loss_packs; ++n) {
      top[n] = P::load_aligned(logits + at + n * P::size);
      best[n] = zero;
      probe[n] = zero * top[n];
    }
    for (std::size_t c = 1; c < classes; ++c) {
      const P number(static_cast<T>(c));
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < detail::loss_packs; ++n) {
        const P x = P::load_aligned(logits + c * row_size + at + n * P::size);
        best[n] = select(x > top[n], number, best[n]);
        top[n] = detail::larger(x, top[n]);
        probe[n] = detail::multiply_add(zero, x, probe[n]);
      }
    }
    GTAP_DETAIL_UNROLL
    for (std::size_t n = 0; n < detail::loss_packs; ++n) {
      const P label = P::load_aligned(label_row + at + n * P::size);
      const P hit = select(best[n] == label, P(T{1}), zero);
      total += select(label < zero, zero, hit + probe[n]);
    }
  }
  return static_cast<double>(detail::sum(total));
}

/// Logarithms of softmax, [classes][64]; log_probability may be logits.
template <class Arch = default_arch, class T>
void log_softmax(std::size_t classes, const T* logits, T* log_probability) {
  using P = detail::Pack<T, Arch>;
  detail::for_softmax_blocks<P>(
      classes, logits, logits, detail::no_use,
      [&](std::size_t at, const detail::LogitScan<P>& scan, const P* sums) {
        for (std::size_t n = 0; n < detail::loss_packs; ++n) {
          const P shift = log(sums[n]);
          for (std::size_t c = 0; c < classes; ++c) {
            const std::size_t place = c * row_size + at + n * P::size;
            (P::load_aligned(logits + place) - scan.top[n] - shift)
                .store_aligned(log_probability + place);
          }
        }
      });
}

/// Softmax, [classes][64]; probability may be logits.
template <class Arch = default_arch, class T>
void softmax(std::size_t classes, const T* logits, T* probability) {
  using P = detail::Pack<T, Arch>;
  detail::for_softmax_blocks<P>(
      classes, logits, logits,
      [&](std::size_t place, const P& e) { e.store_aligned(probability + place); },
      [&](std::size_t at, const detail::LogitScan<P>&, const P* sums) {
        for (std::size_t n = 0; n < detail::loss_packs; ++n) {
          const P share = P(T{1}) / sums[n];
          for (std::size_t c = 0; c < classes; ++c) {
            T* const p = probability + c * row_size + at + n * P::size;
            (P::load_aligned(p) * share).store_aligned(p);
          }
        }
      });
}

/// Kullback-Leibler divergence of softmax(logits) from reference distributions, summed over the
/// images of a tile: sum over classes of p (log p - log softmax). The reference comes as rows of p
/// and of log p (softmax, log_softmax of its logits); label_row only says which images are padding.
template <class Arch = default_arch, class T>
double kl_divergence(std::size_t classes, const T* probability, const T* log_probability,
                     const T* logits, const T* label_row) {
  using P = detail::Pack<T, Arch>;
  const P zero(T{0});
  P total = zero;
  detail::for_softmax_blocks<P>(
      classes, logits, label_row, detail::no_use,
      [&](std::size_t at, const detail::LogitScan<P>& scan, const P* sums) {
        for (std::size_t n = 0; n < detail::loss_packs; ++n) {
          const P shift = scan.top[n] + log(sums[n]);
          P divergence = zero;
          for (std::size_t c = 0; c < classes; ++c) {
            const std::size_t place = c * row_size + at + n * P::size;
            const P difference = P::load_aligned(log_probability + place) -
                                 (P::load_aligned(logits + place) - shift);
            divergence =
                detail::multiply_add(P::load_aligned(probability + place), difference, divergence);
          }
          const P label = P::load_aligned(label_row + at + n * P::size);
          total += select(label < zero, zero, divergence);
        }
      });
  return static_cast<double>(detail::sum(total));
}

/// Squared differences of `outputs` rows from a target's, summed over rows and the first `valid`
/// images of a tile. With `gradient` also scale * 2 * difference, zero for padding.
template <class T>
double squared_error(std::size_t outputs, const T* values, const T* target, std::size_t valid,
                     T scale = 0, T* gradient = nullptr) {
  double total = 0.0;
  for (std::size_t o = 0; o < outputs * row_size; o += row_size) {
    T sum = 0;
    for (std::size_t l = 0; l < valid; ++l) {
      const T difference = values[o + l] - target[o + l];
      sum += difference * difference;
      if (gradient != nullptr) gradient[o + l] = T{2} * scale * difference;
    }
    for (std::size_t l = valid; gradient != nullptr && l < row_size; ++l)
      gradient[o + l] = 0;
    total += static_cast<double>(sum);
  }
  return total;
}

}  // namespace gtap::nn::kernels
