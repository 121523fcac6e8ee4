#include <gtap/gtap.hpp>

std::size_t players_seen_elsewhere(const gtap::Coalition& coalition);

std::size_t players_seen_elsewhere(const gtap::Coalition& coalition) {
  return coalition.players();
}
