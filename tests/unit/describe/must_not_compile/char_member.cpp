// expect: dispytch: Order::letter has a type that JSON events can't carry; docs/write-a-handler.md lists those that they can
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
  char letter = 'a';
};
DISPYTCH_EVENT(Order, letter)
