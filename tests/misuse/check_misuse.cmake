# A wrong program is refused by one sentence, which stands in its first comment, and by nothing else.
#
# cmake -DCOMPILER=<C++ compiler> -DINCLUDES=<folders> -DSOURCE=<file> -P check_misuse.cmake
cmake_minimum_required(VERSION 3.25)

file(READ ${SOURCE} text)
string(REGEX MATCH "^(// [^\n]*\n)+" sentence "${text}")
string(REGEX REPLACE "\n?// " " " sentence "${sentence}")
string(STRIP "${sentence}" sentence)
list(TRANSFORM INCLUDES PREPEND -I)
execute_process(
  COMMAND ${COMPILER} -std=c++20 -fsyntax-only ${INCLUDES} ${SOURCE}
  RESULT_VARIABLE result
  ERROR_VARIABLE errors)
if(result EQUAL 0)
  message(FATAL_ERROR "${SOURCE}: expected \"${sentence}\", got no error")
endif()
string(FIND "${errors}" "${sentence}" place)
string(REGEX MATCHALL "error: " count "${errors}")
list(LENGTH count count)
if(place EQUAL -1 OR NOT count EQUAL 1)
  message(FATAL_ERROR "${SOURCE}: expected the one error \"${sentence}\", got ${count}:\n${errors}")
endif()
