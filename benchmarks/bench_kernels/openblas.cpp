#include "sides.hpp"

#if defined(GTAP_HAS_OPENBLAS)

#include <algorithm>
#include <cblas.h>
#include <memory>

namespace gtap_bench {

namespace {

struct Layer {
  explicit Layer(const DenseShape& s)
      : weight(s.in * s.out, 2), bias(s.out, 3), in(s.batch * s.in, 1), out(s.batch * s.out) {}
  Buffer weight, bias, in, out;
};

}  // namespace

void add_openblas(const DenseShape& s, Case& work) {
  openblas_set_num_threads(1);
  const auto layer = std::make_shared<Layer>(s);
  const auto batch = static_cast<blasint>(s.batch);
  const auto in = static_cast<blasint>(s.in);
  const auto out = static_cast<blasint>(s.out);
  for (const bool transposed : {false, true}) {
    // Activations [batch][units]; weight [in][out], or [out][in].
    work.sides.push_back({"openblas", transposed ? "image_out_in" : "image_in_out", [=] {
                            cblas_sgemm(CblasRowMajor, CblasNoTrans,
                                        transposed ? CblasTrans : CblasNoTrans, batch, out, in,
                                        1.0f, layer->in.data, in, layer->weight.data,
                                        transposed ? in : out, 0.0f, layer->out.data, out);
                            for (std::size_t b = 0; b < s.batch; ++b) {
                              float* const row = layer->out.data + b * s.out;
                              for (std::size_t o = 0; o < s.out; ++o)
                                row[o] = std::max(row[o] + layer->bias.data[o], 0.0f);
                            }
                          }});
    // Activations [units][batch]; weight [out][in], or [in][out].
    work.sides.push_back({"openblas", transposed ? "unit_in_out" : "unit_out_in", [=] {
                            cblas_sgemm(CblasRowMajor, transposed ? CblasTrans : CblasNoTrans,
                                        CblasNoTrans, out, batch, in, 1.0f, layer->weight.data,
                                        transposed ? out : in, layer->in.data, batch, 0.0f,
                                        layer->out.data, batch);
                            for (std::size_t o = 0; o < s.out; ++o) {
                              float* const row = layer->out.data + o * s.batch;
                              for (std::size_t b = 0; b < s.batch; ++b)
                                row[b] = std::max(row[b] + layer->bias.data[o], 0.0f);
                            }
                          }});
  }
}

}  // namespace gtap_bench

#else

namespace gtap_bench {
void add_openblas(const DenseShape&, Case&) {}
}  // namespace gtap_bench

#endif
