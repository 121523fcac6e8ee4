#include "sides.hpp"

#if defined(GTAP_HAS_ONEDNN)

#include <cstring>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <oneapi/dnnl/dnnl_version.h>
#include <unordered_map>
#include <utility>

namespace gtap_bench {

namespace {

using dnnl::memory;

/// A primitive made once, with its memory; the weights are reordered ahead.
struct Primitive {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;

  template <class Description>
  void make(const Description& description) {
    primitive = dnnl::primitive(description);
    arguments.emplace(DNNL_ARG_SRC, filled(description.src_desc()));
    arguments.emplace(DNNL_ARG_WEIGHTS, filled(description.weights_desc()));
    arguments.emplace(DNNL_ARG_BIAS, filled(description.bias_desc()));
    arguments.emplace(DNNL_ARG_DST, filled(description.dst_desc()));
  }

  /// Small numbers everywhere: what they are does not change the time.
  memory filled(const memory::desc& description) {
    memory m(description, engine);
    auto* const values = static_cast<float*>(m.get_data_handle());
    for (std::size_t i = 0; i < description.get_size() / sizeof(float); ++i)
      values[i] = static_cast<float>(i % 13) * 0.1f - 0.6f;
    return m;
  }

  void run() {
    primitive.execute(stream, arguments);
    stream.wait();
  }
};

/// A layer and the ReLU behind it, in the words of oneDNN 2 or 3.
template <class Forward, class... Settings>
typename Forward::primitive_desc with_relu(const dnnl::engine& engine,
                                           const Settings&... settings) {
  dnnl::post_ops relu;
  dnnl::primitive_attr attributes;
#if DNNL_VERSION_MAJOR >= 3
  relu.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  attributes.set_post_ops(relu);
  return {engine, settings..., attributes};
#else
  relu.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  attributes.set_post_ops(relu);
  return {typename Forward::desc(settings...), attributes, engine};
#endif
}

memory::desc described(memory::dims dims, memory::format_tag tag) {
  return {dims, memory::data_type::f32, tag};
}

}  // namespace

void add_onednn(const DenseShape& s, Case& work) {
  const auto batch = static_cast<memory::dim>(s.batch);
  const auto in = static_cast<memory::dim>(s.in);
  const auto out = static_cast<memory::dim>(s.out);
  for (const auto& [layout, tag] :
       {std::pair{"any", memory::format_tag::any}, {"nc", memory::format_tag::nc}}) {
    const auto p = std::make_shared<Primitive>();
    p->make(with_relu<dnnl::inner_product_forward>(
        p->engine, dnnl::prop_kind::forward_inference, described({batch, in}, tag),
        described({out, in}, memory::format_tag::any), described({out}, memory::format_tag::any),
        described({batch, out}, tag)));
    work.sides.push_back({"onednn", layout, [p] { p->run(); }});
  }
}

void add_onednn(const ConvShape& s, Case& work) {
  const auto batch = static_cast<memory::dim>(s.batch);
  const auto in = static_cast<memory::dim>(s.in);
  const auto out = static_cast<memory::dim>(s.out);
  const auto side = static_cast<memory::dim>(s.side);
  const auto out_side = static_cast<memory::dim>(s.out_side());
  const auto kernel = static_cast<memory::dim>(s.kernel);
  const auto padding = static_cast<memory::dim>(s.padding);
  for (const auto& [layout, tag] : {std::pair{"any", memory::format_tag::any},
                                    {"nhwc", memory::format_tag::nhwc},
                                    {"nchw", memory::format_tag::nchw}}) {
    const auto p = std::make_shared<Primitive>();
    p->make(with_relu<dnnl::convolution_forward>(
        p->engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
        described({batch, in, side, side}, tag),
        described({out, in, kernel, kernel}, memory::format_tag::any),
        described({out}, memory::format_tag::any), described({batch, out, out_side, out_side}, tag),
        memory::dims{1, 1}, memory::dims{padding, padding}, memory::dims{padding, padding}));
    work.sides.push_back({"onednn", layout, [p] { p->run(); }});
  }
}

}  // namespace gtap_bench

#else

namespace gtap_bench {
void add_onednn(const DenseShape&, Case&) {}
void add_onednn(const ConvShape&, Case&) {}
}  // namespace gtap_bench

#endif
