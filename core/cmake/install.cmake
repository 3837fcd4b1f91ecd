# What an outside project gets: find_package(dispytch COMPONENTS core plugin testing). Each is a part of its own, in the package and
# when installed (cmake --install BUILD --component plugin): a plugin author needs two headers and this CMake file, none of core's libraries.
include(CMakePackageConfigHelpers)
set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/dispytch)

install(TARGETS dispytch_plugin EXPORT dispytchPluginTargets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/include/dispytch/plugin DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dispytch COMPONENT plugin)
install(EXPORT dispytchPluginTargets NAMESPACE dispytch:: DESTINATION ${package_directory} COMPONENT plugin)
install(FILES core/cmake/DispytchAddPlugin.cmake core/cmake/plugin.version DESTINATION ${package_directory} COMPONENT plugin)

install(TARGETS dispytch_core EXPORT dispytchCoreTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT core)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/include/dispytch DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT core
  PATTERN plugin EXCLUDE)
install(EXPORT dispytchCoreTargets NAMESPACE dispytch:: DESTINATION ${package_directory} COMPONENT core)
install(FILES core/cmake/yaml_cpp_target.cmake DESTINATION ${package_directory} COMPONENT core)

# The test harness, and the memory broker inside it.
install(TARGETS dispytch_testing dispytch_memory_static dispytch_memory_broker EXPORT dispytchTestingTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT testing)
install(EXPORT dispytchTestingTargets NAMESPACE dispytch:: DESTINATION ${package_directory} COMPONENT testing)

# The same for builds without CMake.
set(pkgconfig_directory ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${pkgconfig_directory} OUTPUT_VARIABLE dispytch_prefix)
configure_file(core/cmake/dispytch.pc.in dispytch.pc @ONLY)
configure_file(core/cmake/dispytch-plugin.pc.in dispytch-plugin.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/dispytch.pc DESTINATION ${pkgconfig_directory} COMPONENT core)
install(FILES ${PROJECT_BINARY_DIR}/dispytch-plugin.pc DESTINATION ${pkgconfig_directory} COMPONENT plugin)

configure_package_config_file(core/cmake/dispytchConfig.cmake.in dispytchConfig.cmake INSTALL_DESTINATION ${package_directory})
write_basic_package_version_file(dispytchConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/dispytchConfig.cmake ${PROJECT_BINARY_DIR}/dispytchConfigVersion.cmake
  DESTINATION ${package_directory} COMPONENT plugin)
