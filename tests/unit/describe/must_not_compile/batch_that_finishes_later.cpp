// expect: dispytch: a handler of batches can't finish later; use on<T> to take a Completion for each message
#include <dispytch/handler.hpp>

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  std::string id = {};
};
DISPYTCH_EVENT(Order, id)

void handle(dispytch::HandlerGroup& group) {
  group.on_batch<Order>([](dispytch::Batch<Order>&, dispytch::Completion) {});
}
