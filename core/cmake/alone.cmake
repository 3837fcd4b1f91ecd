# Target `alone`: each file of the core and of the plugins as a translation unit of its own, and each header as the only one of a file, so
# that none lives on what its neighbours include. A unity build hides that. Objects are made, and nothing is linked or run: ccache keeps
# them, as a verdict on what went into them, for the next build folder too.
#
# In preset `alone` clang judges all of it, and its -Wthread-safety with it; the headers of plugins with another standard library as well. In
# the others the target has the public headers alone, which are for every compiler.
file(GLOB_RECURSE public_headers RELATIVE ${PROJECT_SOURCE_DIR}/core/include CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/include/*.hpp)
file(GLOB_RECURSE private_headers RELATIVE ${PROJECT_SOURCE_DIR}/core/src CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/src/*.hpp)

# Sets OUT to files that include one of the headers each.
function(dispytch_include_alone out)
  set(files)
  foreach(header IN LISTS ARGN)
    set(file ${PROJECT_BINARY_DIR}/alone/${header}.cpp)
    file(CONFIGURE OUTPUT ${file} CONTENT "#include <@header@>\n" @ONLY)
    list(APPEND files ${file})
  endforeach()
  set(${out} ${files} PARENT_SCOPE)
endfunction()

function(dispytch_add_alone target)
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${ARGN})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  target_compile_options(${target} PRIVATE -O0 -g0 -Werror)
  target_link_libraries(${target} PRIVATE dispytch_warnings)
endfunction()

add_custom_target(alone)
dispytch_include_alone(files ${public_headers})
dispytch_add_alone(dispytch_public_headers ${files})
target_link_libraries(dispytch_public_headers PRIVATE dispytch::core)
add_dependencies(alone dispytch_public_headers)

if(DISPYTCH_ALONE)
  # A header with a file of the same name beside it is the first that this file includes (`./dev lint` looks at that), and so is judged with it.
  foreach(header IN LISTS private_headers)
    string(REGEX REPLACE "[.]hpp$" ".cpp" beside ${header})
    if(NOT EXISTS ${PROJECT_SOURCE_DIR}/core/src/${beside})
      list(APPEND headers_without_file ${header})
    endif()
  endforeach()
  dispytch_include_alone(files ${headers_without_file})
  target_sources(dispytch_core PRIVATE ${files})  # so that they are compiled as the core is

  set(plugin_headers ${public_headers})
  list(FILTER plugin_headers INCLUDE REGEX ^dispytch/plugin/)
  dispytch_include_alone(files ${plugin_headers})
  dispytch_add_alone(dispytch_plugin_headers_libcxx ${files})
  target_compile_options(dispytch_plugin_headers_libcxx PRIVATE -stdlib=libc++)
  target_link_libraries(dispytch_plugin_headers_libcxx PRIVATE dispytch::plugin)
  add_dependencies(alone dispytch_core dispytch_testing dispytch_kafka dispytch_sqlite dispytch_memory_broker dispytch_plugin_headers_libcxx)
endif()
