# What headers may include:
#   - a room includes itself and the rooms that stand before it in the sentence of the design;
#   - gtap.hpp reaches every header, except those that need a library beyond Eigen and xsimd, and
#     what onnx.hpp alone needs, which takes long to compile and few files need;
#   - every header has `#pragma once`, and reaches core/target.hpp, which keeps files that are
#     compiled for different processors out of one program; version.hpp has no code;
#   - what includes Eigen or xsimd includes core/intrinsics.hpp before, without which g++ warns.
#
# cmake -DINCLUDE=<include folder> -P check_includes.cmake
cmake_minimum_required(VERSION 3.25)

set(core_may core)
set(execution_may core execution)
set(math_may core math)
set(games_may core math games)
set(estimators_may core math execution games estimators)
set(pruning_may core math execution games estimators pruning)
set(nn_may core execution nn)
set(network_may core math execution games estimators pruning nn network)
set(io_may core math execution games estimators pruning nn network io)

file(GLOB_RECURSE headers RELATIVE ${INCLUDE} ${INCLUDE}/gtap/*.hpp)
set(faults "")
foreach(header ${headers})
  file(STRINGS ${INCLUDE}/${header} once REGEX "^#pragma once$")
  if(NOT once)
    list(APPEND faults "${header} lacks #pragma once")
  endif()
  file(STRINGS ${INCLUDE}/${header} lines REGEX "^ *# *include <")
  string(REGEX REPLACE " *# *include <([^>]+)>[^;]*" "\\1" includes_${header} "${lines}")
  if("${includes_${header}}" MATCHES "(Eigen|xsimd)/" AND NOT gtap/core/intrinsics.hpp IN_LIST
                                                        includes_${header})
    list(APPEND faults "${header} does not include gtap/core/intrinsics.hpp")
  endif()
  if(header MATCHES "^gtap/([a-z]+)/")
    set(room ${CMAKE_MATCH_1})
    foreach(other ${includes_${header}})
      if(other MATCHES "^gtap/([a-z]+)/" AND NOT CMAKE_MATCH_1 IN_LIST ${room}_may)
        list(APPEND faults "${header} must not include ${other}")
      endif()
    endforeach()
  endif()
endforeach()

# reached(header out): all that a header includes, directly or not.
function(reached header out)
  set(found ${header})
  set(open ${header})
  while(open)
    list(POP_FRONT open next)
    foreach(other ${includes_${next}})
      if(NOT other IN_LIST found)
        list(APPEND found ${other})
        list(APPEND open ${other})
      endif()
    endforeach()
  endwhile()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

set(libraries "^(zlib\\.h|nlohmann/.*)$")
reached(gtap/gtap.hpp umbrella)
reached(gtap/io/onnx.hpp apart)
foreach(header ${headers})
  reached(${header} all)
  if(NOT gtap/core/target.hpp IN_LIST all AND NOT header STREQUAL gtap/version.hpp)
    list(APPEND faults "${header} does not include gtap/core/target.hpp, directly or not")
  endif()
  list(FILTER all INCLUDE REGEX "${libraries}")
  if(header IN_LIST umbrella)
    if(all)
      list(APPEND faults "gtap.hpp includes ${header}, which needs ${all}")
    endif()
  elseif(NOT all AND NOT header IN_LIST apart)
    list(APPEND faults "gtap.hpp does not include ${header}")
  endif()
endforeach()

if(faults)
  list(JOIN faults "\n  " text)
  message(FATAL_ERROR "\n  ${text}")
endif()
