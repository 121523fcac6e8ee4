# A program with its own model compiles no layer of gtap: no header of nn/ or network/ is among what
# its source includes, directly or not.
#
# cmake -DCOMPILER=<compiler> -DSOURCE=<file> -DINCLUDES=<folders> -P check_no_layers.cmake
cmake_minimum_required(VERSION 3.25)

list(TRANSFORM INCLUDES PREPEND -I)
execute_process(COMMAND ${COMPILER} -std=c++20 -M ${INCLUDES} ${SOURCE} OUTPUT_VARIABLE headers
                COMMAND_ERROR_IS_FATAL ANY)
if(NOT headers MATCHES "gtap/pruning/" OR NOT headers MATCHES "gtap/estimators/")
  message(FATAL_ERROR "The list of headers is not that of a program with gtap:\n${headers}")
endif()
string(REGEX MATCHALL "[^ ]*gtap/(nn|network)/[^ ]*" layers "${headers}")
if(layers)
  list(JOIN layers "\n  " text)
  message(FATAL_ERROR "${SOURCE} includes\n  ${text}")
endif()
