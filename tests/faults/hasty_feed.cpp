// An application that emits DISPYTCH_TEST_ORDERS orders to the topic DISPYTCH_TEST_TOPIC without waiting for an answer, and is at its end
// then. Where DISPYTCH_TEST_LISTENS is set it listens to that topic as `board`, too, and ends when it is asked to. It writes a line for
// each answer to standard output: `confirmed NUMBER`, or `failed NUMBER REASON`.
#include <cstdlib>
#include <iostream>
#include <string>
#include <syncstream>

#include <dispytch/dispytch.hpp>

#include "faults/order.hpp"

int main(int argc, char** argv) {
  dispytch::App app{"feed"};
  if (std::getenv("DISPYTCH_TEST_LISTENS") != nullptr) {
    dispytch::HandlerGroup group{{.topic = std::getenv("DISPYTCH_TEST_TOPIC")}};
    group.on<dispytch::faults::Order>([](const dispytch::faults::Order&) {});
    app.listen("board", group);
  }
  return app
      .task([](dispytch::EventEmitter& out) {
        const int orders = std::stoi(std::getenv("DISPYTCH_TEST_ORDERS"));
        for (int i = 0; i < orders; ++i) {
          out.emit(dispytch::faults::Order{.key = "k", .number = i},
                   [i](const dispytch::Result<dispytch::Receipt>& result) {
                     std::osyncstream{std::cout}
                         << (result ? "confirmed " + std::to_string(i) : "failed " + std::to_string(i) + " " + result.error().text)
                         << std::endl;
                   },
                   {.topic = std::getenv("DISPYTCH_TEST_TOPIC")});
        }
        std::osyncstream{std::cout} << "emitted" << std::endl;
      })
      .main(argc, argv);
}
