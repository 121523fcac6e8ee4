# How gtap's own programs are built; users of the library get none of this.

add_library(gtap_program_flags INTERFACE)
target_compile_options(gtap_program_flags
                       INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(GTAP_NATIVE)
  target_compile_options(gtap_program_flags INTERFACE -march=native)
endif()
if(GTAP_SANITIZE)
  target_compile_options(gtap_program_flags INTERFACE -fsanitize=${GTAP_SANITIZE}
                                                      -fno-sanitize-recover=all
                                                      -fno-omit-frame-pointer)
  target_link_options(gtap_program_flags INTERFACE -fsanitize=${GTAP_SANITIZE})
endif()

gtap_find_packages(CLI11 benchmark OpenBLAS Torch)

# gtap_find_optional(name): an optional dependency, if it is there, as the target
# gtap_optional_<name>.
function(gtap_find_optional name)
  if(TARGET gtap_optional_${name})
    return()
  endif()
  if(name STREQUAL io)
    set(libraries gtap::io)
  elseif(name STREQUAL zlib)
    set(libraries ZLIB::ZLIB)
  elseif(name STREQUAL cli11)
    set(libraries CLI11::CLI11)
  elseif(name STREQUAL json)
    set(libraries nlohmann_json::nlohmann_json)
  elseif(name STREQUAL benchmark)
    set(libraries benchmark::benchmark)
  elseif(name STREQUAL onednn)
    # Not by its config file, which asks for OpenCL that the library does not need on a CPU.
    find_path(GTAP_ONEDNN_INCLUDE dnnl.hpp)
    find_library(GTAP_ONEDNN_LIBRARY dnnl)
    if(GTAP_ONEDNN_INCLUDE AND GTAP_ONEDNN_LIBRARY)
      add_library(gtap_onednn INTERFACE IMPORTED)
      target_include_directories(gtap_onednn INTERFACE ${GTAP_ONEDNN_INCLUDE})
      target_link_libraries(gtap_onednn INTERFACE ${GTAP_ONEDNN_LIBRARY})
    endif()
    set(libraries gtap_onednn)
  elseif(name STREQUAL openblas)
    if(OpenBLAS_FOUND)
      add_library(gtap_openblas INTERFACE IMPORTED)
      target_include_directories(gtap_openblas INTERFACE ${OpenBLAS_INCLUDE_DIRS})
      target_link_libraries(gtap_openblas INTERFACE ${OpenBLAS_LIBRARIES})
    endif()
    set(libraries gtap_openblas)
  elseif(name STREQUAL torch)
    set(libraries torch)
  else()
    message(FATAL_ERROR "gtap: no optional dependency is called ${name}")
  endif()
  foreach(library ${libraries})
    if(NOT TARGET ${library})
      return()
    endif()
  endforeach()
  string(TOUPPER ${name} upper)
  add_library(gtap_optional_${name} INTERFACE IMPORTED)
  target_link_libraries(gtap_optional_${name} INTERFACE ${libraries})
  target_compile_definitions(gtap_optional_${name} INTERFACE GTAP_HAS_${upper}=1)
endfunction()

# gtap_program(<name> [NEEDS <dependency>...] [USES <dependency>...]): a program of <name>.cpp, or
# of all <name>/*.cpp, at the same place in the build folder. It is left out when something that it
# NEEDS is not found; what it USES is linked when found, and GTAP_HAS_<DEPENDENCY> is then defined.
# `cmake --build . --target gtap_<folder>` builds all programs of a folder.
# Dependencies: io, zlib, cli11, json, benchmark, onednn, openblas, torch. gtap::io is there where
# zlib or json is: what includes io's data sets needs io and zlib, what includes its files io and json.
function(gtap_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "NEEDS;USES")
  set(links "")
  foreach(dependency ${arg_NEEDS} ${arg_USES})
    gtap_find_optional(${dependency})
    if(TARGET gtap_optional_${dependency})
      list(APPEND links gtap_optional_${dependency})
    elseif(dependency IN_LIST arg_NEEDS)
      message(STATUS "gtap: ${name} is not built, because ${dependency} was not found")
      return()
    endif()
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cpp
       ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE gtap::gtap gtap_program_flags ${links})
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
  add_dependencies(gtap_${folder} ${name})
endfunction()
