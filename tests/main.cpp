// Catch2 2's main function, where its library is not for the machine that the tests run on.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
