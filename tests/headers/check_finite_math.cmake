# Headers that look for NaN refuse flags that let the compiler assume that there is none, and those
# that throw refuse flags without exceptions.
#
# cmake -DCOMPILER=<C++ compiler> -DINCLUDE=<include folder> -P check_finite_math.cmake
cmake_minimum_required(VERSION 3.25)

set(refusal "gtap: compile without -ffast-math and -ffinite-math-only, which silence its checks")
foreach(header core/error.hpp games/callable.hpp pruning/ranking.hpp nn/dataset.hpp)
  foreach(flags "-O1" "-ffast-math" "-ffinite-math-only" "-ffast-math -fno-finite-math-only")
    separate_arguments(arguments UNIX_COMMAND ${flags})
    execute_process(
      COMMAND ${COMPILER} -std=c++20 ${arguments} -I${INCLUDE} -x c++ -fsyntax-only
              ${INCLUDE}/gtap/${header}
      RESULT_VARIABLE result
      ERROR_VARIABLE error)
    if(flags MATCHES "-ffast-math$|-ffinite-math-only$")
      if(result EQUAL 0 OR NOT error MATCHES "${refusal}")
        message(FATAL_ERROR "${header} with ${flags}: expected \"${refusal}\", got ${result} and "
                            "\"${error}\"")
      endif()
    elseif(NOT result EQUAL 0)
      message(FATAL_ERROR "${header} with ${flags}: expected no error, got \"${error}\"")
    endif()
  endforeach()
  set(without_exceptions "gtap: compile without -fno-exceptions, since its errors are exceptions")
  execute_process(
    COMMAND ${COMPILER} -std=c++20 -fno-exceptions -I${INCLUDE} -x c++ -fsyntax-only
            ${INCLUDE}/gtap/${header}
    RESULT_VARIABLE result
    ERROR_VARIABLE error)
  if(result EQUAL 0 OR NOT error MATCHES "${without_exceptions}")
    message(FATAL_ERROR "${header}: expected \"${without_exceptions}\", got ${result} and "
                        "\"${error}\"")
  endif()
endforeach()
