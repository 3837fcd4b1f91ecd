# Builds a project of which dispytch is a part: the library alone, the same names of targets, no warning, nothing changed outside of it.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} -S ${SOURCE}/subdirectory -B ${WORK}/build -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_UNITY_BUILD=ON
  -DCMAKE_UNITY_BUILD_BATCH_SIZE=24 -DCMAKE_C_COMPILER=${C} -DCMAKE_CXX_COMPILER=${CXX}
  "-DCMAKE_C_FLAGS=-O0 -g0 -Werror" "-DCMAKE_CXX_FLAGS=-O0 -g0 -Wall -Wextra -Werror" -DDISPYTCH=${SOURCE}/../.. -DAPP=${SOURCE}/app)
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/greeting_test)
expect_output("1 greeting\n")
file(GLOB_RECURSE built ${WORK}/build/*.so ${WORK}/build/bin/* ${WORK}/build/*_test)
list(REMOVE_ITEM built ${WORK}/build/greeting_test)
if(built)
  message(FATAL_ERROR "more was built than the library: ${built}")
endif()
