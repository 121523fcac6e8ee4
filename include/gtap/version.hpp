#pragma once

// The version is written here only; CMake reads it.
#define GTAP_VERSION_MAJOR 0
#define GTAP_VERSION_MINOR 1
#define GTAP_VERSION_PATCH 0

/// The version of gtap as one number that grows with it: 1.2.3 is 10203.
#define GTAP_VERSION (GTAP_VERSION_MAJOR * 10000 + GTAP_VERSION_MINOR * 100 + GTAP_VERSION_PATCH)
