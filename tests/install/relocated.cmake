# Installs everything into a prefix, moves that as a whole, and asks the installed program from another folder, through a link: it finds the
# plugins of where it is now. Takes what plugin.cmake takes.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/before)
file(RENAME ${WORK}/before ${WORK}/moved)
file(CREATE_LINK ${WORK}/moved/${BINDIR}/dispytch ${WORK}/dispytch SYMBOLIC)
foreach(program ${WORK}/moved/${BINDIR}/dispytch ${WORK}/dispytch)
  run(${CMAKE_COMMAND} -E chdir / ${CMAKE_COMMAND} -E env --unset=DISPYTCH_PLUGIN_PATH ${program} plugins --json)
  foreach(plugin kafka memory)
    string(FIND "${output}" "\"${WORK}/moved/${LIBDIR}/dispytch/${plugin}.so\"" found)
    if(found EQUAL -1)
      message(FATAL_ERROR "expected ${program} to find ${plugin}.so in ${WORK}/moved/${LIBDIR}/dispytch, found\n${output}")
    endif()
  endforeach()
endforeach()
