// An application outside dispytch's tree: emits three greetings to itself and counts them.
#include <iostream>

#include "greeting.hpp"

int main(int argc, char** argv) {
  Count count;
  const int exit_code = dispytch::App{"greeter", "1.0.0"}
                            .provide(std::ref(count))
                            .listen("greeter", greeter())
                            .task([](dispytch::EventEmitter& out) {
                              for (const char* name : {"Ada", "Grace", "Edsger"}) out.emit(Greeting{.name = name}).value();
                            })
                            .main(argc, argv);
  std::cout << count.greetings << " greetings\n";
  return exit_code;
}
