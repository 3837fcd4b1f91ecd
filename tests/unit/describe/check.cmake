# Compiles SOURCE with COMPILER (a list: program and options). A first line `// expect: TEXT` says that it must not compile and that the
# compiler says so; without it, that it must.
file(READ ${SOURCE} text)
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -Wall -Wextra -Wshadow -Werror ${SOURCE}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT text MATCHES "^// expect: ([^\n]+)")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${SOURCE} must compile, but:\n${output}")
  endif()
  return()
endif()
set(expected "${CMAKE_MATCH_1}")
if(result EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, but must not: ${expected}")
endif()
string(FIND "${output}" "${expected}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${SOURCE} must be refused with\n  ${expected}\nbut the compiler says\n${output}")
endif()
