// expect: dispytch: Order::counts is a map whose key is no std::string; JSON has no other keys
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
  std::map<int, int> counts = {};
};
DISPYTCH_EVENT(Order, counts)
