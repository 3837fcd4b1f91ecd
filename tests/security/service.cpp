// An application that emits three events and handles them: over what its config file says. It ends by itself.
#include <iostream>
#include <string>

#include <dispytch/dispytch.hpp>

struct Counted {
  static constexpr auto topic = "{name}";
  static constexpr auto type = "counted";
  std::string name = {};
  int number = 0;
};
DISPYTCH_EVENT(Counted, name, number)

int main(int argc, char** argv) {
  std::string topic;
  dispytch::HandlerGroup group;
  group.on<Counted>([](const Counted& event) { std::cout << "handled " << event.number << std::endl; });
  return dispytch::App{"secure"}
      .option("--topic", "Topic to emit to", topic)
      .listen("in", group)
      .task([&topic](dispytch::Named<"out", dispytch::EventEmitter> out) {
        for (int number = 1; number <= 3; ++number) out->emit(Counted{.name = topic, .number = number}).value();
      })
      .main(argc, argv);
}
