// expect: dispytch: Order::topic has a brace without its other half
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

struct Order {
  static constexpr auto topic = "orders.{id";
  static constexpr auto type = "order";
  int id = 0;
};
DISPYTCH_EVENT(Order, id)
