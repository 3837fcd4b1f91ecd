// Keeps departures, cancellations and mean delay for each carrier. Needs a listener `board` in the config file.
#include "board.hpp"
#include "board_display.hpp"

int main(int argc, char** argv) {
  std::string output;
  flights::DelayBoard board;
  flights::BoardDisplay display{board};
  const int exit_code = dispytch::App{"flight-board"}
                            .option("--output", "CSV file for the result; standard output where none is given", output)
                            .provide(std::ref(board))
                            .listen("board", flights::board())
                            .task([&] { display.start(); })
                            .main(argc, argv);
  return display.finish(exit_code, output);
}
