// Feed and board in one process, which is all that the memory backend reaches. Needs the emitter `flights` and the listener `board`.
#include <iostream>

#include "board.hpp"
#include "board_display.hpp"
#include "feed.hpp"

int main(int argc, char** argv) {
  flights::FeedOptions options;
  flights::FeedCounts counts;
  std::string output;
  dispytch::App app{"flights"};
  auto& board = app.provide<flights::DelayBoard>();
  flights::BoardDisplay display{board};
  app.option("--input", "CSV file of flights in the columns of nycflights13; - is standard input", options.input)
      .option("--limit", "Stop after so many flights; 0 is all", options.limit)
      .option("--output", "CSV file for the result; standard output where none is given", output)
      .listen("board", flights::board())
      .task("feed", [&](dispytch::Named<"flights", dispytch::EventEmitter> out,
                        std::stop_token stop) { flights::feed(options, *out, counts, stop); })
      .task("display", [&] { display.start(); });
  const int exit_code = app.main(argc, argv);
  return counts.finish(display.finish(exit_code, output), std::cerr);
}
