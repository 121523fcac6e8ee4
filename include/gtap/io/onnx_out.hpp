#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/io/detail/onnx_export.hpp>
#include <gtap/io/onnx_names.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/version.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace gtap {

/// What else an ONNX file shall hold.
struct OnnxExport {
  OnnxNames names = {};                              ///< those of read_onnx(), say
  std::map<std::string, std::string> metadata = {};  ///< texts by name, such as the seed
};

namespace detail {

inline std::string version_text() {
  return text(GTAP_VERSION_MAJOR, '.', GTAP_VERSION_MINOR, '.', GTAP_VERSION_PATCH);
}

/// {"conv1": [0, 2, 5], ...}: the old channel of each new one, by node.
template <class T>
std::string kept_json(const Compacted<T>& compacted) {
  std::string json = "{";
  for (std::size_t i = 0; i < compacted.kept.size(); ++i) {
    json += i == 0 ? "\"" : ", \"";
    for (const char c : compacted.network.nodes()[i].name) {
      const auto code = static_cast<unsigned char>(c);
      if (code < 0x20) {
        json += text("\\u00", code / 16, "0123456789abcdef"[code % 16]);
        continue;
      }
      if (c == '"' || c == '\\') json += '\\';
      json += c;
    }
    json += "\": [";
    for (std::size_t c = 0; c < compacted.kept[i].size(); ++c)
      json += text(c == 0 ? "" : ", ", compacted.kept[i][c]);
    json += ']';
  }
  return json + '}';
}

}  // namespace detail

/// A network as the bytes of an ONNX file of opset 13, with parameters as raw data and nodes under
/// their names. Layers for which ONNX has no operator are written in several; read_onnx() makes
/// them one again. Throws gtap::Error, naming the node, for a layer of one's own.
template <class T>
std::vector<std::uint8_t> write_onnx(const nn::Network<T>& net, const OnnxExport& what = {}) {
  net.check_finite();
  std::map<std::string, std::string> metadata = what.metadata;
  metadata.emplace("gtap.version", detail::version_text());
  return detail::OnnxExporter<T>("write_onnx", net, what.names)
      .file(detail::version_text(), metadata);
}

/// Saves write_onnx() in one step: after an error, what was there before is still there.
template <class T>
void save_onnx(const std::filesystem::path& path, const nn::Network<T>& net,
               const OnnxExport& what = {}) {
  detail::write_file_atomically(detail::file_place("save_onnx", path.string()), path.string(),
                                write_onnx(net, what));
}

/// The same of a compacted network, with where its channels were as "gtap.kept" in the metadata.
template <class T>
void save_onnx(const std::filesystem::path& path, const Compacted<T>& compacted,
               OnnxExport what = {}) {
  what.metadata.emplace("gtap.kept", detail::kept_json(compacted));
  save_onnx(path, compacted.network, what);
}

}  // namespace gtap
