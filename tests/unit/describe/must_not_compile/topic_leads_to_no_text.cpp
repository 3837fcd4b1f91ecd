// expect: dispytch: Order::topic has a placeholder that leads to no string, integer or enumeration
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

struct Order {
  static constexpr auto topic = "orders.{id}";
  static constexpr auto type = "order";
  bool id = false;
};
DISPYTCH_EVENT(Order, id)
