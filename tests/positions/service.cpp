// Writes down each message that it handles, a line each: the listening side of the tests of positions. It needs the listener `in`.
#include <iostream>
#include <optional>
#include <string>

#include <dispytch/dispytch.hpp>

namespace {

dispytch::HandlerGroup handlers() {
  dispytch::HandlerGroup group{{.topic = "{any}"}};  // the config file says which
  group.on_message([](const dispytch::Message& message) {
    std::cout << message.topic() << "[" << message.partition().value_or(-1) << "] " << message.payload().value_or("") << std::endl;
  });
  return group;
}

}  // namespace

int main(int argc, char** argv) { return dispytch::App{"positions"}.listen("in", handlers()).main(argc, argv); }
