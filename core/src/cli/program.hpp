// The whole command line, from its arguments to its exit code.
#pragma once

namespace dispytch::cli {

/// Runs one command, writing to the standard streams. Once at a time in a process; the thread's SIGINT and SIGTERM may stay blocked.
int run_program(int argc, char** argv);

}  // namespace dispytch::cli
