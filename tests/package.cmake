# The project in package/ uses gtap in each way that is documented; included by CMakeLists.txt.

# gtap_package_test(way settings...): configures, builds and runs the project.
function(gtap_package_test way)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/package/${way})
  add_test(
    NAME package_${way}
    COMMAND
      ${CMAKE_CTEST_COMMAND} --build-and-test ${CMAKE_CURRENT_SOURCE_DIR}/package ${folder}
      --build-generator ${CMAKE_GENERATOR} --build-options -DGTAP_FROM=${way}
      -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} ${ARGN} --test-command ${CMAKE_CTEST_COMMAND}
      --output-on-failure)
endfunction()

# What was fetched is handed on, so that these tests need no network and see the same code.
set(fetched "")
foreach(name ${GTAP_FETCHED})
  string(TOUPPER ${name} upper)
  list(APPEND fetched -DFETCHCONTENT_SOURCE_DIR_GTAP_${upper}=${gtap_${name}_SOURCE_DIR})
endforeach()
foreach(name Eigen3 xsimd ZLIB nlohmann_json)
  if(CMAKE_DISABLE_FIND_PACKAGE_${name})
    list(APPEND fetched -DCMAKE_DISABLE_FIND_PACKAGE_${name}=ON)
  endif()
endforeach()
gtap_package_test(subdirectory -DGTAP_SOURCE=${PROJECT_SOURCE_DIR} ${fetched})
gtap_package_test(fetchcontent -DGTAP_SOURCE=${PROJECT_SOURCE_DIR} ${fetched})

if(GTAP_INSTALL AND NOT GTAP_FETCHED)
  set(prefix ${CMAKE_CURRENT_BINARY_DIR}/package/prefix)
  add_test(NAME package_install COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix
                                        ${prefix})
  set_tests_properties(package_install PROPERTIES FIXTURES_SETUP installed)
  set(component "")
  if(TARGET gtap::io)
    set(component io)
  endif()
  gtap_package_test(package -DCMAKE_PREFIX_PATH=${prefix} -DGTAP_COMPONENTS=${component} ${fetched})
  set_tests_properties(package_package PROPERTIES FIXTURES_REQUIRED installed)
  if("ZLIB" IN_LIST io_packages)
    # The installed package on a machine without zlib: to configure is enough.
    add_test(
      NAME package_without_zlib
      COMMAND
        ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_SOURCE_DIR}/package -B
        ${CMAKE_CURRENT_BINARY_DIR}/package/without_zlib -G ${CMAKE_GENERATOR}
        -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_PREFIX_PATH=${prefix}
        -DGTAP_FROM=package -DGTAP_WITHOUT_IO=ON -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON)
    set_tests_properties(package_without_zlib PROPERTIES FIXTURES_REQUIRED installed)
  endif()
endif()

# gtap_broken_packages_test(name source packages prefix settings...)
function(gtap_broken_packages_test name source packages prefix)
  add_test(
    NAME ${name}
    COMMAND
      ${CMAKE_COMMAND} -DSOURCE=${source} -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/package/${name}
      -DGENERATOR=${CMAKE_GENERATOR} -DCOMPILER=${CMAKE_CXX_COMPILER} "-DPACKAGES=${packages}"
      -DPREFIX=${prefix} "-DSETTINGS=${ARGN}" -P
      ${CMAKE_CURRENT_SOURCE_DIR}/package/broken_packages.cmake)
endfunction()
gtap_broken_packages_test(
  broken_packages ${PROJECT_SOURCE_DIR}
  "Eigen3;xsimd;ZLIB;nlohmann_json;CLI11;benchmark;OpenBLAS;Torch;Catch2;Doxygen" ""
  -DGTAP_BUILD_BENCHMARKS=ON)
if(io_packages AND GTAP_INSTALL AND NOT GTAP_FETCHED)
  gtap_broken_packages_test(broken_packages_installed ${CMAKE_CURRENT_SOURCE_DIR}/package
                            "${io_packages}" ${prefix} -DGTAP_FROM=package -DGTAP_WITHOUT_IO=ON)
  set_tests_properties(broken_packages_installed PROPERTIES FIXTURES_REQUIRED installed)
endif()
