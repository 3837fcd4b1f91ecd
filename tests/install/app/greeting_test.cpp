// A test of the application's handlers, with no broker and no configuration.
#include <iostream>

#include <dispytch/testing/harness.hpp>

#include "greeting.hpp"

int main() {
  dispytch::testing::Harness harness{greeter()};
  const Count& count = harness.provide<Count>();
  harness.emit(Greeting{.name = "Ada"});
  harness.settle();
  std::cout << count.greetings << " greeting\n";
}
