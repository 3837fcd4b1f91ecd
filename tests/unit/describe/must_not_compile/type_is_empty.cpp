// expect: dispytch: Order::type is empty
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
  static constexpr auto type = "";
  int id = 0;
};
DISPYTCH_EVENT(Order, id)
