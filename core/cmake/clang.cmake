# DISPYTCH_CLANG: clang++ of the version that somebody asked for (DISPYTCH_CLANG_VERSION), or of no number, and DISPYTCH_CLANG_HAS_LIBCXX. Some
# tests run it, to see what it accepts and refuses; where there is none they are left out.
set(DISPYTCH_CLANG_VERSION "" CACHE STRING "Version of the clang that tests run, such as 16; empty: clang++")
if(DISPYTCH_CLANG_VERSION)
  find_program(DISPYTCH_CLANG NAMES clang++-${DISPYTCH_CLANG_VERSION})
else()
  find_program(DISPYTCH_CLANG NAMES clang++)
endif()
if(DISPYTCH_CLANG AND NOT DEFINED DISPYTCH_CLANG_HAS_LIBCXX)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/libcxx.cpp CONTENT "#include <version>\nint main() { return _LIBCPP_VERSION == 0; }\n")
  execute_process(COMMAND ${DISPYTCH_CLANG} -std=c++20 -stdlib=libc++ ${CMAKE_CURRENT_BINARY_DIR}/libcxx.cpp -o ${CMAKE_CURRENT_BINARY_DIR}/libcxx
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
  if(result EQUAL 0)
    set(DISPYTCH_CLANG_HAS_LIBCXX TRUE CACHE INTERNAL "")
  else()
    set(DISPYTCH_CLANG_HAS_LIBCXX FALSE CACHE INTERNAL "")
  endif()
endif()
