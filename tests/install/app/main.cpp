// An application outside dispytch's tree: emits three greetings to itself and counts them.
#include <iostream>

#include "greeting.hpp"

int main(int argc, char** argv) {
  dispytch::App app{"greeter", "1.0.0"};
  Count& count = app.provide<Count>();
  app.listen("greeter", greeter());
  app.task("feed", [](dispytch::EventEmitter& out) {
    for (const char* name : {"Ada", "Grace", "Edsger"}) out.emit(Greeting{.name = name}).value();
  });
  const int exit_code = app.main(argc, argv);
  std::cout << count.greetings << " greetings\n";
  return exit_code;
}
