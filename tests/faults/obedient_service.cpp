// An application whose handler does what a message says, and tells of it on standard output:
//   begin KEY NUMBER ATTEMPT    the handler was called
//   end KEY NUMBER              it is about to return
//   stopping                    listeners and tasks were asked to end
// `wait` lasts until the file DISPYTCH_TEST_GO is there, `fail` throws, `fail until go` throws as long as that file isn't there, `emit`
// emits an order of no further instruction to the topic DISPYTCH_TEST_EMITS_TO by its Context. It listens to the topic DISPYTCH_TEST_TOPIC.
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <syncstream>
#include <thread>

#include <dispytch/dispytch.hpp>

#include "faults/order.hpp"

namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void say(const std::string& line) { std::osyncstream{std::cout} << line << std::endl; }

// A task.
void tell_of_the_end(std::stop_token stop) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any{}.wait(lock, stop, [] { return false; });
  say("stopping");
}

void handle(const dispytch::faults::Order& order, dispytch::Context context) {
  const std::string which = order.key + " " + std::to_string(order.number);
  const auto may_go = [] { return std::filesystem::exists(variable("DISPYTCH_TEST_GO")); };
  const bool fails = order.what == "fail" || (order.what == "fail until go" && !may_go());  // a test that read `begin` may let it go
  say("begin " + which + " " + std::to_string(context.attempt()));
  if (fails) throw std::runtime_error{"it says so"};
  while (order.what == "wait" && !may_go()) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  if (order.what == "emit") {
    context.emit(dispytch::faults::Order{.key = order.key, .number = order.number}, {.topic = variable("DISPYTCH_TEST_EMITS_TO")});
  }
  say("end " + which);
}

}  // namespace

int main(int argc, char** argv) {
  dispytch::HandlerGroup group{{.topic = variable("DISPYTCH_TEST_TOPIC")}};
  group.on<dispytch::faults::Order>(handle, {.name = "order"});
  return dispytch::App{"service"}.listen("board", group).task(tell_of_the_end).main(argc, argv);
}
