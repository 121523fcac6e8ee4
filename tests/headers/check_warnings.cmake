# Programs that use gtap compile without a warning at -O3 -march=native -Wall -Wextra -Wconversion:
# the ten lines of the README, the headers alone, the given sources, and those that are only parsed.
#
# cmake -DCOMPILER=<C++ compiler> -DSOURCE=<repository> -DPACKAGES=<folders of libraries>
# -DSOURCES=<list> -DPARSED=<list> -DFOLDER=<scratch> -P check_warnings.cmake
cmake_minimum_required(VERSION 3.25)

file(READ ${SOURCE}/README.md readme)
if(NOT readme MATCHES "\n```cpp\n([^`]*)```\n")
  message(FATAL_ERROR "README.md has no lines of C++")
endif()
file(WRITE ${FOLDER}/readme.cpp "#include <gtap/gtap.hpp>\n\n#include <iostream>\n
double my_accuracy(const gtap::Coalition& kept);\n
int main() {\nconst std::size_t n = 20;\n${CMAKE_MATCH_1}return kept.size() == 10 ? 0 : 1;\n}\n")
file(WRITE ${FOLDER}/headers.cpp "#include <gtap/gtap.hpp>\n")

# Named again, the system's own folder would be searched too late.
list(REMOVE_ITEM PACKAGES /usr/include)
list(TRANSFORM PACKAGES PREPEND -isystem)
set(faults "")

# check(source what...)
function(check source)
  execute_process(
    COMMAND ${COMPILER} -std=c++20 -O3 -march=native -Wall -Wextra -Wconversion -Werror
            -I${SOURCE}/include ${PACKAGES} ${source} ${ARGN}
    RESULT_VARIABLE result
    ERROR_VARIABLE error)
  set(warned FALSE PARENT_SCOPE)
  if(NOT result EQUAL 0)
    set(warned TRUE PARENT_SCOPE)
    set(error "${error}" PARENT_SCOPE)
  endif()
endfunction()

foreach(source ${FOLDER}/readme.cpp ${FOLDER}/headers.cpp ${SOURCES} ${PARSED})
  if(source IN_LIST PARSED)
    check(${source} -fsyntax-only)
  else()
    check(${source} -c -o ${FOLDER}/object.o)
  endif()
  if(warned)
    string(APPEND faults "\n${source}: expected no warning, got\n${error}")
  endif()
endforeach()

# The headers silence nothing in what follows them. Of these, g++ sees one and clang the other.
file(WRITE ${FOLDER}/flawed.cpp "#include <gtap/core/intrinsics.hpp>\n
int f(int n, int m) {\nint x;\nif (n > 3) x = m;\nif (m > 7) return x;\nreturn 0;\n}
int g(bool set) {\nint x;\nif (set) x = 1;\nreturn x;\n}\n")
check(${FOLDER}/flawed.cpp -c -o ${FOLDER}/object.o)
if(NOT warned OR NOT error MATCHES "uninitialized")
  string(APPEND faults "\nflawed.cpp: expected a warning of uninitialized x")
endif()
if(faults)
  message(FATAL_ERROR "${faults}")
endif()
