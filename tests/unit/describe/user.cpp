// An application's file: the whole of the public API in it.
#include <dispytch/dispytch.hpp>

struct Ping {
  static constexpr auto topic = "pings";
  static constexpr auto type = "ping";
  int number = 0;
};
DISPYTCH_EVENT(Ping, number)

dispytch::HandlerGroup handlers() {
  dispytch::HandlerGroup group;
  group.on<Ping>([](const dispytch::Event<Ping>&) {});
  group.on_batch<Ping>([](dispytch::Batch<Ping>& pings) { pings[0].outcome(dispytch::done()); }, {.topic = "many_pings"});
  return group;
}

void emit(dispytch::EventEmitter& emitter) { emitter.emit(Ping{.number = 1}).value(); }
