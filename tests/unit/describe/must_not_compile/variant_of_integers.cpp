// expect: dispytch: Order::value is a variant of something else than structs described before it
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
  std::variant<int, std::string> value = {};
};
DISPYTCH_EVENT(Order, value)
