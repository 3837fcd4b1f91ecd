// Keeps departures, cancellations and mean delay for each carrier. Needs a listener `board` in the config file.
#include "board.hpp"
#include "board_display.hpp"

int main(int argc, char** argv) {
  std::string output;
  dispytch::App app{"flight-board"};
  auto& board = app.provide<flights::DelayBoard>();
  flights::BoardDisplay display{board};
  app.option("--output", "CSV file for the result; standard output where none is given", output)
      .listen("board", flights::board())
      .task("display", [&] { display.start(); });
  const int exit_code = app.main(argc, argv);
  return display.finish(exit_code, output);
}
