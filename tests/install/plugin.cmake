# Installs component `plugin` alone into an empty prefix, then builds, installs and loads an outside plugin against it. Component
# `conformance`, beside it, has the program that tries it.
# Takes BUILD (a build folder of dispytch), SOURCE (tests/install), WORK (a folder of its own), LIBDIR, C and CXX (compilers).
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component plugin --prefix ${WORK}/prefix)
build_outside(${SOURCE}/plugin ${WORK}/build ${WORK}/prefix)
run(${CMAKE_COMMAND} --install ${WORK}/build --prefix ${WORK}/prefix)
run(${WORK}/build/load ${WORK}/prefix/${LIBDIR}/dispytch/discard.so)
expect_output("discard 1.0.0\n")

run(${CMAKE_COMMAND} --install ${BUILD} --component conformance --prefix ${WORK}/prefix)
run(${WORK}/prefix/bin/dispytch-conformance ${WORK}/prefix/${LIBDIR}/dispytch/discard.so --rule table.is_complete)
if(NOT output MATCHES "1 passed, 0 failed")
  message(FATAL_ERROR "expected the rule to pass, found\n${output}")
endif()
