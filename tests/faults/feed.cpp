// Emits flights and writes down what the broker answered: the emitting side of the fault tests. It needs the emitter `flights`.
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <thread>

#include <dispytch/dispytch.hpp>

#include "faults/history.hpp"
#include "flight_reader.hpp"

namespace {

using dispytch::faults::Id;
using dispytch::faults::Record;

struct Options {
  std::string run = "feed", record = {}, topic = {}, input = FLIGHTS_DATA "/flights-2013-01-first-five-days.csv";
  int limit = 0, rate = 0, aircraft = 0;
};

class Feed {
 public:
  Feed(const Options& options, dispytch::EventEmitter& out, std::stop_token stop)
      : options_{options}, out_{out}, stop_{std::move(stop)}, record_{options.record} {}

  // The file again and again, until there were enough.
  void run() {
    while (!ended()) {
      std::ifstream in{options_.input};
      if (!in) throw std::runtime_error{options_.input + ": can't be opened"};
      flights::FlightReader reader{in, options_.input};
      for (auto flight = reader.next(); flight && !ended(); flight = reader.next()) {
        std::visit([&](const auto& event) { emit(event); }, *flight);
        ++emitted_;
        if (options_.rate > 0)
          std::this_thread::sleep_until(started_ + emitted_ * std::chrono::nanoseconds{std::chrono::seconds{1}} / options_.rate);
      }
    }
    static_cast<void>(out_.flush(std::chrono::minutes{10}));  // each emit has the emitter's own timeout
  }

 private:
  bool ended() const { return stop_.stop_requested() || (options_.limit > 0 && emitted_ >= options_.limit); }

  static std::string key_of(const flights::FlightDeparted& event) { return event.aircraft.tail_number; }
  static std::string key_of(const flights::FlightCancelled& event) { return event.tail_number.value_or(""); }

  template <class Event>
  void emit(const Event& event) {
    dispytch::EmitOptions emit;
    if (!options_.topic.empty()) emit.topic = options_.topic;
    std::string key = key_of(event);
    if (options_.aircraft > 0 && !key.empty()) {
      key = "N" + std::to_string(std::hash<std::string>{}(key) % static_cast<std::size_t>(options_.aircraft));
      emit.key = key;
    }
    const Id id{.emitter = options_.run, .key = key, .sequence = ++sequences_[key]};
    emit.id = id.text();
    record_.tried(id);
    out_.emit(
        event,
        [this, id](const dispytch::Result<dispytch::Receipt>& result) {
          if (result) return record_.confirmed(id, {.partition = result->partition, .offset = result->offset});
          std::cerr << id.text() << ": " << result.error().text << '\n';
          return result.error().maybe_sent ? record_.unknown(id) : record_.refused(id);
        },
        emit);
  }

  const Options& options_;
  dispytch::EventEmitter& out_;
  std::stop_token stop_;
  Record record_;  // outlives the answers: run() awaits them
  std::map<std::string, std::int64_t> sequences_ = {};
  std::int64_t emitted_ = 0;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return dispytch::App{"fault-feed"}
      .option("--run", "Name of this process, part of each event's id", options.run)
      .option("--record", "File to write down in what became of each event", options.record)
      .option("--topic", "Topic in place of the events' own", options.topic)
      .option("--input", "CSV file of flights", options.input)
      .option("--limit", "Stop after so many events; 0: when asked to", options.limit)
      .option("--rate", "Events in a second; 0: as many as go", options.rate)
      .option("--aircraft", "As if there were only so many aircraft, so that each has many events; 0: as in the file", options.aircraft)
      .task([&](dispytch::Named<"flights", dispytch::EventEmitter> out, std::stop_token stop) {
        Feed{options, *out, stop}.run();
      })
      .main(argc, argv);
}
