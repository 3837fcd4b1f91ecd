// expect: dispytch: a handler of batches takes its events by Batch<T>&, whose items have body, key, headers and topic; use on<T> to take
// them one by one
#include <dispytch/handler.hpp>

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  std::string id = {};
};
DISPYTCH_EVENT(Order, id)

void handle(dispytch::HandlerGroup& group) {
  group.on_batch<Order>([](dispytch::Batch<Order>&, dispytch::TopicSegment<"id">) {});
}
