# gtap_find_packages(package...): find_package(package QUIET) of those that are usable. A package's
# own config file may demand what is not there, which ends the configuration, QUIET or not: so each
# is tried in a project of its own first. What was tried without success is told.

set(GTAP_PROBE_SOURCE ${CMAKE_CURRENT_LIST_DIR}/probe)

# gtap_probe(error package...): sets `error` to what CMake says of these packages, or to nothing.
function(gtap_probe error)
  # What tells find_package where to look and what to leave out.
  set(settings "set(packages \"${ARGN}\" CACHE STRING \"\")\n")
  get_cmake_property(names VARIABLES)
  foreach(name ${names})
    if(name MATCHES "^CMAKE_(PREFIX_PATH|MODULE_PATH|DISABLE_FIND_PACKAGE_.*|SYSROOT|CXX_COMPILER)$"
       OR name MATCHES "^CMAKE_(FIND_(ROOT|USE|PACKAGE_PREFER).*|TOOLCHAIN_FILE|MAKE_PROGRAM)$"
       OR (DEFINED CACHE{${name}} AND name MATCHES "_(DIR|ROOT)$" AND NOT name MATCHES
                                                          "^CMAKE_|_(SOURCE|BINARY)_DIR$"))
      string(APPEND settings "set(${name} [==[${${name}}]==] CACHE STRING \"\")\n")
    endif()
  endforeach()
  set(folder ${PROJECT_BINARY_DIR}/CMakeFiles/gtap-probe)
  file(REMOVE_RECURSE ${folder})
  file(WRITE ${folder}/settings.cmake "${settings}")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -C ${folder}/settings.cmake -G ${CMAKE_GENERATOR} -S
            ${GTAP_PROBE_SOURCE} -B ${folder}/build
    RESULT_VARIABLE code
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  set(${error} "" PARENT_SCOPE)
  if(NOT code EQUAL 0)
    string(REGEX MATCH "CMake Error.*" output "${output}")
    string(REGEX REPLACE "\n(Call Stack|--|CMake Error).*" "" output "${output}")
    string(REGEX REPLACE "^CMake Error( at)? *" "" output "${output}")
    string(REGEX REPLACE "[ \n]+" " " output "${output}")
    set(${error} "${output} " PARENT_SCOPE)
  endif()
endfunction()

macro(gtap_find_packages)
  gtap_probe(gtap_error ${ARGN})
  foreach(gtap_package ${ARGN})
    if(gtap_error)
      gtap_probe(gtap_package_error ${gtap_package})
      if(gtap_package_error)
        message(STATUS "gtap: ${gtap_package} is not usable: ${gtap_package_error}")
        continue()
      endif()
    endif()
    find_package(${gtap_package} QUIET)
  endforeach()
endmacro()
