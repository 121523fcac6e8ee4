# What the compiler itself must do or refuse; included by CMakeLists.txt.

# The kernels of x86-64 machines of other years are compiled on all of them, not run.
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-march=x86-64-v4 GTAP_KNOWS_X86_64_V4)
if(GTAP_KNOWS_X86_64_V4)
  add_library(gtap_test_architectures OBJECT nn/architectures/avx2.cpp nn/architectures/avx512.cpp)
  target_link_libraries(gtap_test_architectures PRIVATE gtap::gtap gtap_program_flags)
  # Those of a source come last and win. Without -O1 xsimd 8.1 does not compile for AVX-512.
  set_source_files_properties(nn/architectures/avx2.cpp PROPERTIES COMPILE_OPTIONS
                                                                   "-O1;-march=x86-64-v3")
  set_source_files_properties(nn/architectures/avx512.cpp PROPERTIES COMPILE_OPTIONS
                                                                     "-O1;-march=x86-64-v4")
  add_dependencies(gtap_tests gtap_test_architectures)
endif()

if(NOT CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  return()
endif()
add_test(NAME finite_math
         COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER}
                 -DINCLUDE=${PROJECT_SOURCE_DIR}/include -P
                 ${CMAKE_CURRENT_SOURCE_DIR}/headers/check_finite_math.cmake)
if(GTAP_KNOWS_X86_64_V4)
  add_test(NAME mixed_targets
           COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER}
                   "-DINCLUDES=$<TARGET_PROPERTY:gtap_test_core,INCLUDE_DIRECTORIES>"
                   -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/mixed_targets -P
                   ${CMAKE_CURRENT_SOURCE_DIR}/headers/check_mixed_targets.cmake)
endif()

# Where the libraries are.
set(packages "")
foreach(library gtap::eigen gtap::xsimd ZLIB::ZLIB nlohmann_json::nlohmann_json CLI11::CLI11)
  if(TARGET ${library})
    list(APPEND packages $<TARGET_PROPERTY:${library},INTERFACE_INCLUDE_DIRECTORIES>)
  endif()
endforeach()

# What users' compilers warn of. Where the examples are built, that is not done twice.
if(CMAKE_BUILD_TYPE STREQUAL Release AND NOT CMAKE_CROSSCOMPILING)
  set(sources "")
  set(parsed "")
  if(NOT GTAP_BUILD_EXAMPLES)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/own_*.cpp)
    if(io_complete AND TARGET CLI11::CLI11)
      file(GLOB_RECURSE parsed CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
      list(REMOVE_ITEM parsed ${sources})
    endif()
  endif()
  add_test(NAME warnings
           COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER} -DSOURCE=${PROJECT_SOURCE_DIR}
                   "-DPACKAGES=${packages}" "-DSOURCES=${sources}" "-DPARSED=${parsed}"
                   -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/warnings -P
                   ${CMAKE_CURRENT_SOURCE_DIR}/headers/check_warnings.cmake)
endif()

# Wrong programs, each refused by one sentence.
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/misuse/*.cpp)
foreach(source ${sources})
  cmake_path(GET source STEM name)
  add_test(NAME misuse_${name}
           COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER}
                   "-DINCLUDES=${PROJECT_SOURCE_DIR}/include;${packages}" -DSOURCE=${source} -P
                   ${CMAKE_CURRENT_SOURCE_DIR}/misuse/check_misuse.cmake)
endforeach()
