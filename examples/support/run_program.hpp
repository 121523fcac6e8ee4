#pragma once

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>

namespace support {

/// Reads the command line by `app`. What main returns where the program ends here: 0 after --help,
/// 2, with one line on stderr, for a wrong command line.
inline std::optional<int> read_options(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    const std::string name = std::filesystem::path(argv[0]).filename().string();
    std::fprintf(stderr, "%s: %s (see --help)\n", name.c_str(), error.what());
    return 2;
  }
  return std::nullopt;
}

/// What main returns: reads the command line by `app` and calls `run`. A wrong command line is 2,
/// an error of the run 1, each with one line on stderr.
template <class Run>
int run_program(CLI::App& app, int argc, char** argv, Run run) {
  if (const std::optional<int> end = read_options(app, argc, argv)) return *end;
  try {
    run();
  } catch (const std::exception& error) {
    const std::string name = std::filesystem::path(argv[0]).filename().string();
    std::fprintf(stderr, "%s: %s\n", name.c_str(), error.what());
    return 1;
  }
  return 0;
}

}  // namespace support
