// expect: dispytch: Order::wire_names has a quote, backslash or control character
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
  static constexpr dispytch::WireName wire_names[] = {{"id", "a\\b"}};
  int id = 0;
};
DISPYTCH_EVENT(Order, id)
