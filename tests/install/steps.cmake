# What the scripts of this folder have in common.

# Runs a command that must succeed; its standard output is in `output` after.
function(run)
  execute_process(COMMAND ${ARGV} OUTPUT_VARIABLE output ERROR_VARIABLE error RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\nended with ${result}\n${output}\n${error}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(expect_output expected)
  if(NOT output STREQUAL expected)
    message(FATAL_ERROR "expected the output\n${expected}found\n${output}")
  endif()
endfunction()

# Configures and builds a project that finds dispytch in PREFIX and nowhere else.
function(build_outside source build prefix)
  run(${CMAKE_COMMAND} -S ${source} -B ${build} -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH=${prefix}
    -DCMAKE_C_COMPILER=${C} -DCMAKE_CXX_COMPILER=${CXX} "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror" "-DCMAKE_C_FLAGS=-std=c99 -Wall -Wextra -Werror")
  run(${CMAKE_COMMAND} --build ${build})
endfunction()
