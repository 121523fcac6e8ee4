# Eigen and xsimd as gtap::eigen and gtap::xsimd: the installed package if it is there and new
# enough, else a pinned release. No version is asked of find_package, because the version files
# of the distributions' packages refuse other major versions; it is checked here.

include(FetchContent)
include(${CMAKE_CURRENT_LIST_DIR}/GtapFindPackage.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/GtapPackages.cmake)
set(GTAP_FETCHED "")

# gtap_fetch_headers(name include-directory url sha256): a target gtap::<name> of a pinned
# release. Only its headers are taken: its own CMake project is not run.
macro(gtap_fetch_headers name subfolder url sha256)
  FetchContent_Declare(
    gtap_${name}
    URL ${url}
    URL_HASH SHA256=${sha256}
    DOWNLOAD_EXTRACT_TIMESTAMP ON
    SOURCE_SUBDIR no-project)
  FetchContent_MakeAvailable(gtap_${name})
  add_library(gtap_${name} INTERFACE)
  add_library(gtap::${name} ALIAS gtap_${name})
  target_include_directories(gtap_${name} SYSTEM INTERFACE ${gtap_${name}_SOURCE_DIR}${subfolder})
  list(APPEND GTAP_FETCHED ${name})
endmacro()

find_package(Threads REQUIRED)
gtap_find_packages(Eigen3 xsimd ZLIB nlohmann_json)

gtap_package_eigen(usable)
if(NOT usable)
  gtap_fetch_headers(
    eigen "" https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
    8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72)
endif()

gtap_package_xsimd(usable)
if(NOT usable)
  gtap_fetch_headers(
    xsimd /include https://github.com/xtensor-stack/xsimd/archive/refs/tags/13.2.0.tar.gz
    edd8cd3d548c185adc70321c53c36df41abe64c1fe2c67bc6d93c3ecda82447a)
endif()
