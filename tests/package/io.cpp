#include <gtap/core/error.hpp>
#include <gtap/io/idx.hpp>

#include <iostream>

int main() {
  try {
    gtap::read_idx("no such file", 1);
  } catch (const gtap::Error& error) {
    std::cout << error.what() << "\n";
    return 0;
  }
  return 1;
}
