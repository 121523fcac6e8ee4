#include <gtap/gtap.hpp>

static_assert(GTAP_VERSION_MAJOR == PROJECT_VERSION_MAJOR);
static_assert(GTAP_VERSION_MINOR == PROJECT_VERSION_MINOR);
static_assert(GTAP_VERSION_PATCH == PROJECT_VERSION_PATCH);

std::size_t players_seen_elsewhere(const gtap::Coalition& coalition);

int main() {
  return players_seen_elsewhere(gtap::Coalition(3)) == 3 ? 0 : 1;
}
