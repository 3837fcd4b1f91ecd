// The command line: check config files, emit, follow topics, look at plugins, at running applications and at dead letters.
#include "cli/program.hpp"

int main(int argc, char** argv) { return dispytch::cli::run_program(argc, argv); }
