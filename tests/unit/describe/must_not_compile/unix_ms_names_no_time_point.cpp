// expect: dispytch: Order::unix_ms names something that is no described time point
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
  static constexpr auto unix_ms = dispytch::fields("id");
  int id = 0;
};
DISPYTCH_EVENT(Order, id)
