# Configures a project where every optional package has a broken config file before the real one:
# cmake -DSOURCE=<project> -DFOLDER=<scratch> -DGENERATOR=<name> -DCOMPILER=<path> -DSETTINGS=<list>
# -DPACKAGES=<list> -P broken_packages.cmake

set(kinds "message(FATAL_ERROR \"out of order\")" "find_package(gtap_no_such_package REQUIRED)"
    "if(" "add_library(broken::@ INTERFACE IMPORTED)\n\
set_target_properties(broken::@ PROPERTIES INTERFACE_LINK_LIBRARIES broken::missing)"
    "add_library(broken::@ INTERFACE IMPORTED)\n\
set_target_properties(broken::@ PROPERTIES INTERFACE_INCLUDE_DIRECTORIES /no/such/folder)")

file(REMOVE_RECURSE ${FOLDER})
set(kind 0)
foreach(package ${PACKAGES})
  list(GET kinds ${kind} text)
  string(REPLACE @ ${package} text "${text}")
  file(WRITE ${FOLDER}/broken/${package}/${package}Config.cmake "${text}\n")
  math(EXPR kind "(${kind} + 1) % 5")
endforeach()

# What is fetched in their place.
file(WRITE ${FOLDER}/fetched/CMakeLists.txt "add_library(Catch2::Catch2WithMain INTERFACE IMPORTED)\n\
set_target_properties(Catch2::Catch2WithMain PROPERTIES IMPORTED_GLOBAL ON)\n")
set(fetched "")
foreach(name EIGEN XSIMD CATCH2)
  list(APPEND fetched -DFETCHCONTENT_SOURCE_DIR_GTAP_${name}=${FOLDER}/fetched)
endforeach()

execute_process(
  COMMAND
    ${CMAKE_COMMAND} -S ${SOURCE} -B ${FOLDER}/build -G ${GENERATOR}
    -DCMAKE_CXX_COMPILER=${COMPILER} ${SETTINGS} ${fetched}
    "-DCMAKE_PREFIX_PATH=${FOLDER}/broken;${PREFIX}" -DCMAKE_FIND_PACKAGE_PREFER_CONFIG=ON
  RESULT_VARIABLE code
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "the configuration ended:\n${output}")
endif()
foreach(package ${PACKAGES})
  if(NOT output MATCHES "gtap: ${package} is not usable: [^\n]*[a-z]+[^\n]*")
    message(FATAL_ERROR "nothing is said of ${package}:\n${output}")
  endif()
endforeach()
