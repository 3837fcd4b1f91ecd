// An application for the tests of `status`, `skip`, the probes and signals. Its handler does what the message's body says: `fail` throws,
// `wait` lasts until the file DISPYTCH_TEST_GO is there, anything else is fine. It writes the body to standard output. With
// DISPYTCH_TEST_TASK it has a task in place of the handler, which waits for the end: `idle`, or after it emitted one event: `emit`.
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

#include <dispytch/dispytch.hpp>

struct Order {
  static constexpr auto topic = "flights";
  static constexpr auto type = "order";
  std::string what;
};
DISPYTCH_EVENT(Order, what)

int run_task(const std::string& what, int argc, char** argv) {
  return dispytch::App{"service"}
      .task([what](std::stop_token stop, dispytch::Named<"letters", dispytch::EventEmitter> out) {
        if (what == "emit") {
          out->emit(Order{.what = "fine"}, [](const dispytch::Result<dispytch::Receipt>& result) {
            std::cout << (result ? "confirmed" : "failed: " + result.error().text) << std::endl;
          });
          std::cout << "emitted" << std::endl;
        }
        std::mutex mutex;
        std::unique_lock lock{mutex};
        std::condition_variable_any asked;
        asked.wait(lock, stop, [] { return false; });
      })
      .main(argc, argv);
}

int main(int argc, char** argv) {
  if (const char* task = std::getenv("DISPYTCH_TEST_TASK")) return run_task(task, argc, argv);
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
