// expect: dispytch: a handler of batches has no Context, which is that of one message; take an EventEmitter, or use on<T>
#include <dispytch/handler.hpp>

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  std::string id = {};
};
DISPYTCH_EVENT(Order, id)

void handle(dispytch::HandlerGroup& group) {
  group.on_batch<Order>([](dispytch::Batch<Order>&, dispytch::Context) {});
}
