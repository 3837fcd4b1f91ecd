# One set of warnings for every target of this project. They are errors in CI alone (DISPYTCH_WERROR), so that a newer
# compiler never stops a user's build; but for what clang finds against the rules of a mutex (plugin/mutex.hpp), which is a mistake
# with any compiler. Fields that a designated initialiser leaves out are zero on purpose.
add_library(dispytch_warnings INTERFACE)
target_compile_options(dispytch_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wcast-align
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers>
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wreserved-identifier -Wthread-safety -Werror=thread-safety>
  $<$<BOOL:${DISPYTCH_WERROR}>:-Werror>)
