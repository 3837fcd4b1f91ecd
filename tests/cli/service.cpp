// An application for the tests of `status`, `skip` and the probes. Its handler does what the message's body says: `fail` throws, `wait`
// lasts until the file DISPYTCH_TEST_GO is there, anything else is fine. It writes the body to standard output.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include <dispytch/dispytch.hpp>

struct Order {
  static constexpr auto topic = "flights";
  static constexpr auto type = "order";
  std::string what;
};
DISPYTCH_EVENT(Order, what)

int main(int argc, char** argv) {
  dispytch::HandlerGroup group;
  group.on<Order>(
      [](const Order& order) {
        if (order.what == "fail") throw std::runtime_error{"it says so"};
        while (order.what == "wait" && !std::filesystem::exists(std::getenv("DISPYTCH_TEST_GO")))
          std::this_thread::sleep_for(std::chrono::milliseconds{10});
        std::cout << order.what << std::endl;
      },
      {.name = "order"});
  return dispytch::App{"service"}.listen("board", group).main(argc, argv);
}
