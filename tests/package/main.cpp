#include <gtap/gtap.hpp>

#include <iostream>

gtap::Coalition everyone(std::size_t players);

int main() {
  std::cout << "gtap " << GTAP_VERSION_MAJOR << "." << GTAP_VERSION_MINOR << ": " << everyone(3)
            << "\n";
  return everyone(3).size() == 3 ? 0 : 1;
}
