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
  group.on_batch<Ping>([](dispytch::Batch<Ping>& pings, dispytch::Context) { pings[0].outcome(dispytch::done()); },
                       {.topic = "many_pings"});
  group.on<Ping>(
      [](const Ping& ping, dispytch::Context context, dispytch::Named<"audit", dispytch::EventEmitter> audit) {
        context.emit(ping, {.key = "k"});
        context.emit(audit, ping, {.key = "k"});
        context.emit(audit, dispytch::OutgoingMessage{.topic = "raw"});
      },
      {.topic = "named", .policy = {.retry = {.only = dispytch::exceptions<std::exception>, .except = dispytch::exceptions<int>}}});
  return group;
}

void emit(dispytch::EventEmitter& emitter) {
  emitter.emit(Ping{.number = 1}).value();
  emitter.emit_all(std::vector<Ping>(3)).value();
}

void provide(dispytch::App& app) {
  int& number = app.provide<int>(7);
  app.provide(std::ref(number));
  app.provide_made<double>([](const int& of) { return of * 0.5; });
  app.provide_per_message<float>([](dispytch::Named<"main", double>) { return std::make_unique<float>(1.0F); });
  app.task("feed", [](std::stop_token, dispytch::EventEmitter&) {}).task([] {});
}
