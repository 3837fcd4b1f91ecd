// expect: dispytch: Order::partition_by leads to no string, integer or enumeration, and only those can be keys
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
  static constexpr auto partition_by = "price";
  double price = 0;
};
DISPYTCH_EVENT(Order, price)
