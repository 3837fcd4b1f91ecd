// expect: dispytch: Order::partition_by names no described member
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  static constexpr auto partition_by = "customer.nmae";
  int customer = 0;
};
DISPYTCH_EVENT(Order, customer)
