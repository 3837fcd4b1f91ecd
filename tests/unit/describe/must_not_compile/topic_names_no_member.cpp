// expect: dispytch: Order::topic has a placeholder that names no described member
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

struct Order {
  static constexpr auto topic = "orders.{di}.placed";
  static constexpr auto type = "order";
  int id = 0;
};
DISPYTCH_EVENT(Order, id)
