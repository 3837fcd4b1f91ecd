/* Libraries that go wrong while they are loaded: built once for each of CRASH, ABORT, EXIT, HANG and PRINT. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void misbehave(void) {
#if defined(CRASH)
  raise(SIGSEGV);
#elif defined(ABORT)
  abort();
#elif defined(EXIT)
  _exit(3);
#elif defined(HANG)
  for (;;) pause();
#elif defined(PRINT)
  puts("a library that talks on standard output");
  fflush(stdout);
#endif
}
