# dispytch_add_plugin(NAME SOURCES file... [LINK library...] [NO_INSTALL])
#
# Builds NAME.so, a broker plugin whose id is NAME, from C or C++ sources. It sees dispytch's plugin headers and links nothing of
# dispytch. It exports its entry and nothing else, and every symbol it needs is resolved when it is linked: two plugins with
# different versions of one client library live side by side in one process, and a missing library is an error here instead of at
# the operator's. The file goes to DISPYTCH_PLUGIN_OUTPUT_DIRECTORY if that is set, and is installed to <libdir>/dispytch, where
# applications look for it, unless NO_INSTALL is given.
include(GNUInstallDirs)

function(dispytch_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "NO_INSTALL" "" "SOURCES;LINK")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "dispytch_add_plugin(${name}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}; "
                        "the form is dispytch_add_plugin(NAME SOURCES file... [LINK library...] [NO_INSTALL])")
  endif()
  if(NOT ARG_SOURCES)
    message(FATAL_ERROR "dispytch_add_plugin(${name}): no SOURCES given")
  endif()
  set(version_script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.version)

  add_library(${name} MODULE ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE dispytch::plugin ${ARG_LINK})
  if(TARGET dispytch_warnings)  # inside dispytch itself
    target_link_libraries(${name} PRIVATE dispytch_warnings)
  endif()
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX .so
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${version_script})
  target_link_options(${name} PRIVATE
    -Wl,--exclude-libs,ALL -Wl,--version-script=${version_script})
  # Clang leaves a sanitizer's symbols to the executable; then they can't be resolved here.
  if(NOT (CMAKE_CXX_COMPILER_ID MATCHES Clang AND "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES -fsanitize))
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()

  if(DISPYTCH_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${DISPYTCH_PLUGIN_OUTPUT_DIRECTORY})
  endif()
  if(NOT ARG_NO_INSTALL)
    install(TARGETS ${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/dispytch)
  endif()
endfunction()
