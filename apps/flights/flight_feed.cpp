// Reads flights from a CSV file and emits each as an event. Needs an emitter `flights` in the config file.
#include <iostream>

#include "feed.hpp"

int main(int argc, char** argv) {
  flights::FeedOptions options;
  flights::FeedCounts counts;
  const int exit_code = dispytch::App{"flight-feed"}
                            .option("--input", "CSV file of flights in the columns of nycflights13; - is standard input", options.input)
                            .option("--limit", "Stop after so many flights; 0 is all", options.limit)
                            .task([&](dispytch::Named<"flights", dispytch::EventEmitter> out, std::stop_token stop) {
                              flights::feed(options, *out, counts, stop);
                            })
                            .main(argc, argv);
  return counts.finish(exit_code, std::cout);
}
