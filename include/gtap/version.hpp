#pragma once

#define GTAP_VERSION_MAJOR 0
#define GTAP_VERSION_MINOR 1
#define GTAP_VERSION_PATCH 0
#define GTAP_VERSION "0.1.0"
