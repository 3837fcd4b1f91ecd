# Builds the plugins of docs/write-a-plugin.md as their reader does, against the installed component `plugin` alone, holds them to the
# contract and replays the page's console.
# Takes BUILD (a build folder of dispytch), EXAMPLES (what was extracted), WORK (a folder of its own), C and CXX (compilers).
include(${CMAKE_CURRENT_LIST_DIR}/../install/steps.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component plugin --prefix ${WORK}/prefix)
build_outside(${EXAMPLES} ${WORK}/build ${WORK}/prefix)
file(COPY ${EXAMPLES}/postbox.yaml DESTINATION ${WORK}/build)
file(WRITE ${WORK}/build/forget.yaml "missing_topic: \"\"\n")

set(ENV{PATH} "${WORK}/prefix/bin:${BUILD}/bin:$ENV{PATH}")
file(WRITE ${WORK}/build/mailman.yaml "missing_topic: \"\"\ncapacity: 1000\nsecond_topic: second\n")
foreach(plugin postbox forget mailman)
  run(${CMAKE_COMMAND} -E chdir ${WORK}/build dispytch-conformance ./${plugin}.so --config ${plugin}.yaml)
endforeach()
run(${CMAKE_COMMAND} -E chdir ${WORK}/build bash ${CMAKE_CURRENT_LIST_DIR}/console.sh ${EXAMPLES}/postbox.console)
