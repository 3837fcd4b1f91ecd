// Handles flights and writes down which: the handling side of the fault tests. It needs the listener `board`.
#include <chrono>
#include <functional>
#include <stdexcept>
#include <thread>

#include <dispytch/dispytch.hpp>

#include "events.hpp"
#include "faults/history.hpp"

namespace {

using dispytch::faults::Id;
using dispytch::faults::Record;
using dispytch::faults::Time;

struct Options {
  std::string record = {};
  int work = 0, failing = 0;
};

class Board {
 public:
  explicit Board(const Options& options) : options_{options} {}

  template <class Body>
  void handle(const dispytch::Event<Body>& event) {
    const Time begun = dispytch::faults::now();
    if (options_.work > 0) std::this_thread::sleep_for(std::chrono::microseconds{options_.work});  // the handler's work
    const auto lot = static_cast<int>(std::hash<std::string>{}(event.id) % 1000);
    if (lot < options_.failing && event.attempt == 1) throw std::runtime_error{"the first attempt at this one fails"};
    record().handled(Id::parse(event.id), {.partition = event.partition, .offset = event.offset}, begun, dispytch::faults::now());
  }

 private:
  // Opened by the first event: the command line is read by then.
  Record& record() {
    static Record record{options_.record};
    return record;
  }
  const Options& options_;
};

// The topic is known only once the command line was read; a group's is needed before. So the listener's own topics decide.
dispytch::HandlerGroup handlers() {
  dispytch::HandlerGroup group{{.topic = "{any}"}};
  group.on<flights::FlightDeparted>([](const dispytch::Event<flights::FlightDeparted>& event, Board& board) { board.handle(event); });
  group.on<flights::FlightCancelled>([](const dispytch::Event<flights::FlightCancelled>& event, Board& board) { board.handle(event); });
  return group;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  Board board{options};
  dispytch::App app{"fault-board"};
  app.provide(std::ref(board));
  return app.option("--record", "File to write down in what was handled", options.record)
      .option("--work", "Microseconds that a handler takes", options.work)
      .option("--failing", "Of a thousand events, how many fail at their first attempt", options.failing)
      .listen("board", handlers())
      .main(argc, argv);
}
