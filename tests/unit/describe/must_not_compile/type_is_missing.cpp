// expect: dispytch: Order is an event and says no type: static constexpr auto type
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
  int id = 0;
};
DISPYTCH_EVENT(Order, id)
