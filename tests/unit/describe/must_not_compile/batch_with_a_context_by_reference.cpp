// expect: dispytch: take the Context by value
#include <dispytch/handler.hpp>

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  std::string id = {};
};
DISPYTCH_EVENT(Order, id)

void handle(dispytch::HandlerGroup& group) {
  group.on_batch<Order>([](dispytch::Batch<Order>&, dispytch::Context&) {});
}
