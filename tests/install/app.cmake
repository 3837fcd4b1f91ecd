# Installs everything into an empty prefix, then builds an outside application against it, installs it there and runs it: it finds
# the memory plugin beside itself. Takes what plugin.cmake takes.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
build_outside(${SOURCE}/app ${WORK}/build ${WORK}/prefix)
run(${CMAKE_COMMAND} --install ${WORK}/build --prefix ${WORK}/prefix)
run(${WORK}/prefix/bin/greeter --config ${SOURCE}/app/greeter.yaml --until-idle 200ms)
expect_output("3 greetings\n")
run(${WORK}/build/greeting_test)
expect_output("1 greeting\n")
