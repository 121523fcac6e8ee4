#define GTAP_COMPILED_ONCE template
#include "any_estimate.hpp"
