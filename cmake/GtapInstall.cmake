# Install rules and the package files that find_package(gtap) reads.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/gtap)

install(TARGETS gtap EXPORT gtap-targets FILE_SET HEADERS)
install(EXPORT gtap-targets NAMESPACE gtap:: DESTINATION ${package_dir})
if(TARGET gtap_io)
  install(TARGETS gtap_io EXPORT gtap-io-targets)
  install(EXPORT gtap-io-targets NAMESPACE gtap:: DESTINATION ${package_dir})
endif()

configure_package_config_file(cmake/gtap-config.cmake.in gtap-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(gtap-config-version.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gtap-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/gtap-config-version.cmake cmake/GtapFindPackage.cmake
              cmake/GtapPackages.cmake
        DESTINATION ${package_dir})
install(DIRECTORY cmake/probe DESTINATION ${package_dir})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
