// A service whose handler does what the payload says: `fail` throws, followed by a text of as many characters as a number behind it says;
// `wait` lasts until the file DISPYTCH_TEST_GO is there. It writes each payload down, a line each, with the listener's name before it. It
// needs the listener `in`, and with --both the listener `other` as well.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include <dispytch/dispytch.hpp>

namespace {

void handle(const std::string& listener, std::string_view payload) {
  if (payload.starts_with("fail")) throw std::runtime_error{std::string(std::stoul("0" + std::string{payload.substr(4, 4)}), 'x')};
  while (payload.starts_with("wait") && !std::filesystem::exists(std::getenv("DISPYTCH_TEST_GO"))) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  std::cout << listener + " " + std::string{payload} + "\n" << std::flush;
}

dispytch::HandlerGroup handlers(const std::string& listener) {
  dispytch::HandlerGroup group{{.topic = "{any}", .policy = {.retry = {.attempts = 1}}}};  // the config file says which
  group.on_message([listener](const dispytch::Message& message) { handle(listener, message.payload().value_or("")); }, {.name = "obey"});
  return group;
}

}  // namespace

int main(int argc, char** argv) {
  const bool both = argc > 1 && std::string_view{argv[1]} == "--both";
  if (both) --argc, ++argv;
  dispytch::App app{"operations"};
  app.listen("in", handlers("in"));
  if (both) app.listen("other", handlers("other"));
  return app.main(argc, argv);
}
