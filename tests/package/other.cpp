#include <gtap/gtap.hpp>

gtap::Coalition everyone(std::size_t players);

gtap::Coalition everyone(std::size_t players) {
  return gtap::Coalition::grand(players);
}
