/* Libraries that go wrong while they are loaded: built once for each of CRASH, ABORT, EXIT, HANG and PRINT. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((constructor)) static void misbehave(void) {
#if defined(CRASH)
  raise(SIGSEGV);
#elif defined(ABORT)
  abort();
#elif defined(EXIT)
  syscall(SYS_exit_group, 3); /* what _exit() does, with no sanitizer in between */
#elif defined(HANG)
  for (;;) pause();
#elif defined(PRINT)
  puts("a library that talks on standard output");
  fflush(stdout);
#endif
}
