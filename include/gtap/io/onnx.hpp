#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_build.hpp>
#include <gtap/io/detail/onnx_import.hpp>
#include <gtap/io/detail/onnx_parse.hpp>
#include <gtap/io/onnx_names.hpp>
#include <gtap/io/onnx_out.hpp>
#include <gtap/nn/network.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// What an ONNX file does not say.
struct OnnxOptions {
  std::optional<nn::Shape> input = {};  ///< of one image, where the file leaves sizes open
  std::string output = {};              ///< which of several outputs
};

/// A network from an ONNX file, and what it is called there.
template <class T>
struct OnnxNetwork {
  nn::Network<T> network;
  OnnxNames names;
  std::map<std::string, std::string> metadata;
};

/// Makes a network of the bytes of an ONNX file; see load_onnx(). Errors name `where`; data outside
/// of the file is looked for in `folder`.
template <class T>
OnnxNetwork<T> parse_onnx(const std::string& where, std::span<const std::uint8_t> bytes,
                          const OnnxOptions& options = {},
                          const std::filesystem::path& folder = {}) {
  using namespace detail;
  const OnnxModel model = OnnxParser(where, folder).model(bytes);
  constexpr std::int64_t oldest = 7;
  constexpr std::int64_t newest = 22;
  if (model.opset < oldest || model.opset > newest) {
    fail(where, text("an opset of ", oldest, " to ", newest), text(model.opset));
  }
  const OnnxImages images = onnx_images(where, model, options.input);
  const std::string output = onnx_output(where, model, options.output);
  OnnxImporter importer(where, model, bytes.size(), images.shape, images.dims, images.batch);
  std::vector<OnnxLayer> layers = importer.layers(output);
  OnnxNames names = onnx_names(model, layers, images, output);
  return {at_place(where, [&] { return build_network<T>(images.shape, std::move(layers)); }),
          std::move(names), model.metadata};
}

/// Reads an ONNX file of opset 7 to 22 with one input of real numbers, images [batch, channels,
/// height, width], [batch, channels, length] or [batch, numbers]; of a network it needs what leads
/// to the output. Nodes keep their names. Constant parts of the graph are computed, and expressions
/// of several operators that are one layer here become that layer.
///
/// Throws gtap::Error for a damaged file, for an input size that neither the file nor the options
/// give, and, naming all nodes with operators and reasons, for what gtap cannot run.
template <class T>
OnnxNetwork<T> read_onnx(const std::filesystem::path& path, const OnnxOptions& options = {}) {
  const std::string where = detail::file_place("read_onnx", path.string());
  return parse_onnx<T>(where, detail::read_file(where, path.string()), options, path.parent_path());
}

/// The network of read_onnx() alone.
template <class T>
nn::Network<T> load_onnx(const std::filesystem::path& path, const OnnxOptions& options = {}) {
  const std::string where = detail::file_place("load_onnx", path.string());
  return parse_onnx<T>(where, detail::read_file(where, path.string()), options, path.parent_path())
      .network;
}

}  // namespace gtap
